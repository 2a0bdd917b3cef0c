// What a screen reader is told: one place, politely.
import { useEffect, useState } from "preact/hooks";

let tell: (text: string) => void = () => {};

/** Says something. The same words twice are said twice. */
export function say(text: string): void {
  tell(text);
}

export function Announcer() {
  const [text, setText] = useState("");
  useEffect(() => {
    tell = (next) => {
      setText("");
      setTimeout(() => setText(next), 30);
    };
    return () => {
      tell = () => {};
    };
  }, []);
  return (
    <p class="heard" role="status" aria-live="polite">
      {text}
    </p>
  );
}
