// Reports set-up to a person: one line a step with its time, and a bar while something long goes on.
import { SetupError } from "./cache.mjs";

/** @typedef {{ did: boolean, text: string }} Outcome `did` tells whether work was done; `text` what is now in place */
/** @typedef {(fraction: number, note?: string) => void} Progress */
/** @typedef {<T extends Outcome>(title: string, run: (progress: Progress) => Promise<T> | T) => Promise<T>} Step */

const BAR = 30;

/**
 * @param {{ quiet?: boolean, stream?: NodeJS.WriteStream }} [options] `quiet` prints only the steps that did work
 * @returns {{ step: Step }}
 */
export function reporter({ quiet = false, stream = process.stderr } = {}) {
  const clear = () => stream.isTTY && stream.write("\r\x1b[K");
  return {
    async step(title, run) {
      const start = performance.now();
      const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
      let shown = -1;
      /** @type {Progress} */
      const progress = (fraction, note = "") => {
        const percent = Math.floor(fraction * 100);
        if (stream.isTTY) {
          const full = Math.round(fraction * BAR);
          stream.write(`\r\x1b[K  ${title} [${"█".repeat(full)}${"·".repeat(BAR - full)}] ${percent} % ${note}`);
        } else if (shown < 0 || percent >= shown + 25) {
          // Not a terminal: a plain line at the start and at each quarter.
          shown = percent - (percent % 25);
          stream.write(`  ${title} ${percent} % ${note}\n`);
        }
      };
      if (stream.isTTY && !quiet) stream.write(`  ${title} …`);
      try {
        const outcome = await run(progress);
        clear();
        if (outcome.did || !quiet) stream.write(`✓ ${outcome.text}  ${seconds()}\n`);
        return outcome;
      } catch (error) {
        clear();
        stream.write(`✗ ${title}  ${seconds()}\n`);
        throw error;
      }
    },
  };
}

/**
 * Runs a program's main function: a {@link SetupError} becomes one line and exit code 1.
 * @param {() => Promise<void>} main
 */
export async function exitWith(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
