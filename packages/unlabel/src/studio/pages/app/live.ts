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

function connect(): void {
  if (source) return;
  source = new EventSource("/api/events");
  source.addEventListener("open", () => setOpen(true));
  source.addEventListener("error", () => setOpen(false));
  source.addEventListener("message", ({ data }) => {
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
    // A server that takes a moment is not away.
    const wait = setTimeout(tell, 1_500);
    if (isOpen) tell();
    return () => {
      clearTimeout(wait);
      states.delete(tell);
    };
  }, []);
  return now;
}
