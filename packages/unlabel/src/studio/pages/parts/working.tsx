// Work that takes a while: what is done now, how far it is, and a way to end it. Its room is kept, so that nothing moves.
import "./working.css";

interface Props {
  words: string;
  /** In [0, 1]; null where nobody knows. */
  share: number | null;
  onStop?: () => void;
}

export function Working({ words, share, onStop }: Props) {
  return (
    <div class="working" role="status">
      <span>
        {words}
        {share !== null && ` ${Math.round(100 * share)} %`}
      </span>
      <progress {...(share === null ? {} : { value: share })} max={1} aria-label={words} />
      {onStop && (
        <button type="button" class="quiet" onClick={onStop}>
          Stop
        </button>
      )}
    </div>
  );
}
