// A part of a sheet of small pictures: an image element that is larger than its frame, since styles of elements are not allowed here.
import "./sprite.css";

interface Props {
  src: string;
  /** Which picture, and how many are in a row of the sheet. */
  at: number;
  columns: number;
  /** Pictures in the sheet, for how many rows it has; one row more than needed does no harm. */
  what: string;
  /** Its class: how large it is. */
  size?: "tiny" | "small" | "large";
}

/** One picture of a sheet. */
export function Sprite({ src, at, columns, what, size = "small" }: Props) {
  const [x, y] = [at % columns, Math.floor(at / columns)];
  return (
    <span class={`sprite ${size}`} role="img" aria-label={what} title={what}>
      <img
        src={src}
        alt=""
        loading="lazy"
        decoding="async"
        style={{ width: `${columns * 100}%`, left: `${-x * 100}%`, top: `${-y * 100}%` }}
      />
    </span>
  );
}
