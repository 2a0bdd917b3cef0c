// What Ctrl-C, SIGTERM and a closed terminal do, in the middle of a long native call too; the handler itself is ../native/signals.cc.
// What was asked for last holds, and once that is over, what was asked for before it.
import { constants } from "node:os";
import { nativeReader } from "./native.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** What is written at the first signal, which then ends the process; without words it does not. */
interface Plan {
  words: [people: string, programs: string] | [];
}

const plans: Plan[] = [];

/**
 * Calls `listener` at the first signal, when the native call that it met has returned. A second one ends the process at once, as
 * it would by default; two within a quarter of a second are one, since launchers such as npx pass the terminal's on.
 *
 * @returns stops listening when disposed of
 */
export function onFirstSignal(listener: (signal: NodeJS.Signals) => void): Disposable {
  return follow({ words: [] }, listener);
}

/**
 * At the first signal, writes `people` to stderr and `programs` to stdout and ends the process with exit code 130: for work of
 * which nothing is kept.
 *
 * @returns leaves signals to what handled them before when disposed of
 */
export function leaveAtSignal(people: string, programs: string): Disposable {
  return follow({ words: [people, programs] });
}

/** Runs `write` to its end, whatever signal {@link leaveAtSignal} waits for: what it writes is all there or not begun. */
export function unbroken<T>(write: () => T): T {
  const native = nativeReader();
  native.holdSignals(true);
  try {
    return write();
  } finally {
    native.holdSignals(false);
  }
}

function follow(plan: Plan, listener?: (signal: NodeJS.Signals) => void): Disposable {
  const native = nativeReader();
  const numbers = SIGNALS.map((name) => constants.signals[name]);
  // Node's own handlers are set up and taken down only while this one is not there: it hands on to them.
  const change = (action: () => void) => {
    native.unwatchSignals();
    action();
    const last = plans.at(-1);
    if (last) native.watchSignals(numbers, ...last.words);
  };
  change(() => {
    if (listener) for (const signal of SIGNALS) process.on(signal, listener);
    plans.push(plan);
  });
  return {
    [Symbol.dispose]: () =>
      change(() => {
        if (!plans.includes(plan)) return;
        if (listener) for (const signal of SIGNALS) process.off(signal, listener);
        plans.splice(plans.indexOf(plan), 1);
      }),
  };
}
