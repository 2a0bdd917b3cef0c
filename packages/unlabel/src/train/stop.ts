// Ctrl-C, SIGTERM and a closed terminal ask a run to finish its step and save; asked again, the process ends at once, even in the middle
// of a step.
import { setImmediate } from "node:timers/promises";
import { onFirstSignal } from "../base/signals.ts";

export interface StopRequest {
  /** The signal that asked, or null. */
  readonly signal: NodeJS.Signals | null;
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
 * Lets everything that has happened until now be heard: signals, timers, finished reads. Two rounds of the event loop, since the
 * first may be past the point where it looks for them.
 */
export async function turn(): Promise<void> {
  await setImmediate();
  await setImmediate();
}
