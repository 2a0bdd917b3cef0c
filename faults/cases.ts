// Runs cases, two at a time, and prints a line for each.
import { mkdirSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";

export interface BoundCase {
  name: string;
  /** Returns how it ended; throws where that is not as promised. `folder` is empty, its own, and removed afterwards. */
  run(folder: string): Promise<string>;
}

export interface Tally {
  passed: number;
  failed: number;
}

/** @param root an existing folder, for those of the cases */
export async function runCases(cases: readonly BoundCase[], root: string): Promise<Tally> {
  const tally: Tally = { passed: 0, failed: 0 };
  const queue = cases.entries();
  const worker = async () => {
    for (const [i, { name, run }] of queue) {
      const folder = join(root, `case-${i}`);
      mkdirSync(folder);
      try {
        console.log(`ok    ${name}: ${await run(folder)}`);
        tally.passed++;
      } catch (error) {
        console.log(`FAIL  ${name}: ${error instanceof Error ? error.message : String(error)}`);
        tally.failed++;
      }
      rmSync(folder, { recursive: true, force: true });
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker));
  return tally;
}
