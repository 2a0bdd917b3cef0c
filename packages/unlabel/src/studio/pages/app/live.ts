// The line on which the server tells what is new: one for the page, shared by all that listens. It comes back by itself.
import { useEffect, useState } from "preact/hooks";
import type { StudioEvent } from "../../messages/runs.ts";

type Listener = (event: StudioEvent) => void;

const listeners = new Set<Listener>();
const states = new Set<() => void>();
let source: EventSource | null = null;
let isOpen = false;

function setOpen(now: boolean): void {
  if (isOpen === now) return;
  isOpen = now;
  for (const tell of [...states]) tell();
}

/** Between two tries to reach a server that would not let this page in: it may be another one by then. */
const RETRY_MS = 3_000;
let retrying: ReturnType<typeof setTimeout> | undefined;

function connect(): void {
  // A tab that was opened behind another waits until somebody looks at it.
  if (source || document.hidden) return;
  const line = new EventSource("/api/events");
  source = line;
  line.addEventListener("open", () => setOpen(true));
  line.addEventListener("error", () => {
    setOpen(false);
    // Browsers try again by themselves, but not where they were refused: a studio that was started anew has another token, which this
    // browser gets in another tab.
    if (line.readyState !== EventSource.CLOSED || source !== line) return;
    source = null;
    clearTimeout(retrying);
    retrying = setTimeout(connect, RETRY_MS);
  });
  line.addEventListener("message", ({ data }) => {
    const event = JSON.parse(data as string) as StudioEvent;
    // Another version's server: its pages are not these.
    if (event.type === "hello" && document.body.dataset.version !== event.version) location.reload();
    for (const listener of [...listeners]) listener(event);
  });
}

/** Browsers keep six lines to a server at most, for all tabs together: one that nobody sees gives its own back. */
const HIDDEN_MS = 5_000;
let hiding: ReturnType<typeof setTimeout> | undefined;

document.addEventListener("visibilitychange", () => {
  clearTimeout(hiding);
  if (!document.hidden) {
    // Its hello asks for all that has been missed.
    if (source === null && listeners.size + states.size > 0) connect();
    return;
  }
  hiding = setTimeout(() => {
    source?.close();
    source = null;
  }, HIDDEN_MS);
});

/** Hears of everything that the server tells; `hello` comes at the beginning and after each break. */
export function listen(listener: Listener): () => void {
  connect();
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Whether all that the server tells arrives now. */
export function isLineOpen(): boolean {
  return isOpen;
}

/** Whether the server answers; null for the first moment. */
export function useConnected(): boolean | null {
  const [now, setNow] = useState<boolean | null>(null);
  useEffect(() => {
    connect();
    const tell = () => setNow(isOpen);
    states.add(tell);
    // A server that takes a moment is not away, and of a tab that nobody sees nothing is known.
    const wait = setTimeout(() => (document.hidden ? undefined : tell()), 1_500);
    if (isOpen) tell();
    return () => {
      clearTimeout(wait);
      states.delete(tell);
    };
  }, []);
  return now;
}
