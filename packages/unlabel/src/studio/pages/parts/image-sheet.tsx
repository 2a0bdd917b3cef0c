// A sheet of images of a data set: their thumbnails come in sheets of up to a hundred, one request each.
import { Sprite } from "./sprite.tsx";
import "./image-sheet.css";

export interface SheetImage {
  /** Its number. */
  image: number;
  /** What it is called. */
  what: string;
  /** A line below it. */
  under?: string;
  /** Whether it is as it should be: a frame; left out where there is nothing to say. */
  right?: boolean;
}

interface Props {
  label: string;
  images: readonly SheetImage[];
  /** The address of a sheet of some images. */
  address: (images: readonly number[], edge: number) => string;
  /** Where an image leads. */
  href?: (image: number) => string;
  /** What becomes of an image that is chosen. */
  onImage?: (image: number) => void;
}

const IN_SHEET = 100;
const COLUMNS = 10;
const EDGE = 96;

export function ImageSheet({ label, images, address, href, onImage }: Props) {
  const sheets: SheetImage[][] = [];
  for (let at = 0; at < images.length; at += IN_SHEET) sheets.push(images.slice(at, at + IN_SHEET));
  return (
    <ul class="image-sheet" aria-label={label}>
      {sheets.flatMap((some) => {
        const src = address(
          some.map(({ image }) => image),
          EDGE,
        );
        return some.map(({ image, what, under, right }, at) => {
          const picture = (
            <Sprite src={src} at={at} columns={Math.min(COLUMNS, some.length)} what={what} size="large" />
          );
          return (
            <li key={`${image}`} class={right === undefined ? "" : right ? "right" : "wrong"}>
              {href ? (
                <a href={href(image)} target="_blank" rel="noreferrer" title={what}>
                  {picture}
                </a>
              ) : onImage ? (
                <button type="button" class="picture" onClick={() => onImage(image)} aria-label={`Search with ${what}`}>
                  {picture}
                </button>
              ) : (
                picture
              )}
              <small title={what}>
                <bdi>{under || what}</bdi>
              </small>
            </li>
          );
        });
      })}
    </ul>
  );
}
