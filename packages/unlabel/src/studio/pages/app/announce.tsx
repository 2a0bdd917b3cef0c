// What people are told in passing: a screen reader politely, and everybody of what went wrong. One place for each.
import { useEffect, useState } from "preact/hooks";

let tell: (text: string) => void = () => {};
let show: (text: string) => void = () => {};
/** Read in that time, twice. */
const SHOWN_MS = 10_000;

/** Says something to those who cannot see it happen. The same words twice are said twice. */
export function say(text: string): void {
  tell(text);
}

/** Shows what went wrong with something that was asked for, for a while. */
export function warn(text: string): void {
  show(text);
}

export function Announcer() {
  const [text, setText] = useState("");
  const [warning, setWarning] = useState("");
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    tell = (next) => {
      setText("");
      setTimeout(() => setText(next), 30);
    };
    show = (next) => {
      clearTimeout(timer);
      setWarning(next);
      timer = setTimeout(() => setWarning(""), SHOWN_MS);
    };
    return () => {
      clearTimeout(timer);
      tell = show = () => {};
    };
  }, []);
  return (
    <>
      <p class="heard" role="status" aria-live="polite">
        {text}
      </p>
      <p class="warning" role="alert" hidden={warning === ""}>
        {warning}
      </p>
    </>
  );
}
