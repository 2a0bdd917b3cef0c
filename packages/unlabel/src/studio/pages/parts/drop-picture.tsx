// A place to give a picture: dropped, pasted, or chosen from the disk. It goes to this machine's server and nowhere else.
import { useEffect, useRef, useState } from "preact/hooks";
import "./drop-picture.css";

interface Props {
  /** What it is for. */
  words: string;
  onPicture: (picture: Blob) => void;
}

/** As large as the server takes. */
const MOST_BYTES = 25_000_000;

export function DropPicture({ words, onPicture }: Props) {
  const [isOver, setOver] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const latest = useRef(onPicture);
  latest.current = onPicture;
  const take = (file: Blob | null | undefined) => {
    setOver(false);
    if (!file) setProblem("Expected a picture, got something else");
    else if (file.size > MOST_BYTES)
      setProblem(`Expected a picture of at most ${MOST_BYTES / 1e6} MB, got ${(file.size / 1e6).toFixed(1)}`);
    else {
      setProblem(null);
      latest.current(file);
    }
  };
  useEffect(() => {
    const paste = (event: ClipboardEvent) => {
      const file = [...(event.clipboardData?.files ?? [])][0];
      if (!file) return;
      event.preventDefault();
      take(file);
    };
    document.addEventListener("paste", paste);
    return () => document.removeEventListener("paste", paste);
  }, []);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is one of three ways; the button is the one for keyboards
    <div
      class={`drop ${isOver ? "over" : ""}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        take(event.dataTransfer?.files[0]);
      }}
    >
      <p>{words}</p>
      <button type="button" class="plain" onClick={() => input.current?.click()}>
        Choose a picture …
      </button>
      <input
        ref={input}
        type="file"
        accept="image/*"
        hidden
        aria-label="A picture"
        onChange={({ currentTarget }) => {
          if (currentTarget.files?.[0]) take(currentTarget.files[0]);
          currentTarget.value = "";
        }}
      />
      {problem !== null && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}
