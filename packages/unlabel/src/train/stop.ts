// Ctrl-C, SIGTERM and a closed terminal ask a run to finish its step and save; asked again, the process ends at once, as it would by default.

export interface StopRequest {
  /** The signal that asked, or null. */
  readonly signal: NodeJS.Signals | null;
  /** Stops listening. */
  release(): void;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Listens for SIGINT, SIGTERM and SIGHUP. A step is one long native call in which no handler can run: signals within it are
 * seen when it returns, several as one. Once the first has been seen the default takes over, even in the middle of a step.
 *
 * @param onAsked called once, at the first signal
 */
export function listenForStop(onAsked: () => void): StopRequest {
  const request = { signal: null as NodeJS.Signals | null, release };
  function handle(signal: NodeJS.Signals): void {
    request.signal = signal;
    release();
    onAsked();
  }
  function release(): void {
    for (const signal of SIGNALS) process.off(signal, handle);
  }
  for (const signal of SIGNALS) process.on(signal, handle);
  return request;
}
