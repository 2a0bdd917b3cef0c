// Ctrl-C, SIGTERM and a closed terminal ask a run to finish its step and save; asked again, the process ends at once, even in the middle
// of a step.
import { setImmediate } from "node:timers/promises";
import { onFirstSignal } from "../base/signals.ts";

export interface StopRequest {
  /** What asked: a signal of the system's, or a program's own; null while nothing has. */
  readonly signal: NodeJS.Signals | "abort" | null;
  /** Stops listening. */
  release(): void;
}

/**
 * Listens for SIGINT, SIGTERM and SIGHUP. A step is one long native call in which none of JavaScript's handlers can run: the first
 * signal is seen in the {@link turn} after it; the second is the system's own handler's.
 *
 * @param onAsked called once, at the first signal
 */
export function listenForStop(onAsked: () => void): StopRequest {
  const request = { signal: null as NodeJS.Signals | null, release: () => listening[Symbol.dispose]() };
  const listening = onFirstSignal((signal) => {
    if (request.signal !== null) return;
    request.signal = signal;
    onAsked();
  });
  return request;
}

/**
 * Listens to a program's own signal instead, and leaves the system's to it.
 *
 * @param onAsked called once, when it is aborted; at once where it is already
 */
export function listenForAbort(signal: AbortSignal, onAsked: () => void): StopRequest {
  signal.addEventListener("abort", onAsked, { once: true });
  if (signal.aborted) onAsked();
  return {
    get signal() {
      return signal.aborted ? ("abort" as const) : null;
    },
    release: () => signal.removeEventListener("abort", onAsked),
  };
}

/**
 * Lets everything that has happened until now be heard: signals, timers, finished reads. Two rounds of the event loop, since the
 * first may be past the point where it looks for them.
 */
export async function turn(): Promise<void> {
  await setImmediate();
  await setImmediate();
}
