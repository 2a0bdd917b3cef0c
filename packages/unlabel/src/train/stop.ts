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

/** What may ask a run to stop; nothing, where neither is set. */
export interface StopSources {
  /** Stops the run when it is aborted: the step is finished and saved, and the run can be resumed. */
  signal?: AbortSignal | undefined;
  /**
   * Whether Ctrl-C, SIGTERM and SIGHUP do the same, for as long as it trains; a second one ends the process at once. Default false: a
   * program's signals are its own.
   */
  processSignals?: boolean | undefined;
}

/**
 * Listens to what a run was given to be stopped by.
 *
 * @param onAsked called at the first of each, with whether it was one of the process's signals
 */
export function listen({ signal, processSignals }: StopSources, onAsked: (process: boolean) => void): StopRequest {
  const requests = [
    ...(signal ? [listenForAbort(signal, () => onAsked(false))] : []),
    ...(processSignals ? [listenForStop(() => onAsked(true))] : []),
  ];
  return {
    get signal() {
      return requests.find((request) => request.signal !== null)?.signal ?? null;
    },
    release: () => {
      for (const request of requests) request.release();
    },
  };
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
 * Listens to a program's own signal.
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
