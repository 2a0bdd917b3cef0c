// `npm run test:upgrade [-- --fresh] [--only WORD]`: runs that an earlier version made, finished and interrupted, are evaluated, resumed, reported
// and compared by this one. What was made is kept in the cache folder; --fresh makes it anew. The last line is `N passed, N failed`.
// Exits 3 where the history is not there, so that nobody takes that for a pass.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { exitWith, SetupError } from "@unlabel/torch/setup";
import { runCases, type Tally } from "../faults/cases.ts";
import { resolveCommit } from "../scripts/commit.ts";
import { checks } from "./checks.ts";
import { COMMIT, make, placeOfMade } from "./made.ts";

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { fresh: { type: "boolean" }, only: { type: "string", multiple: true } },
  });
  const began = performance.now();
  const made = placeOfMade();
  if (values.fresh || !existsSync(made.runs)) {
    try {
      resolveCommit(COMMIT);
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      console.log(`No run of an earlier version was tried: ${error.message}`);
      process.exitCode = 3;
      return;
    }
    await make(made);
  }
  const root = mkdtempSync(join(tmpdir(), "unlabel-upgrade-"));
  let tally: Tally;
  try {
    const cases = checks(made).filter(({ name }) => (values.only ?? [""]).some((word) => name.includes(word)));
    tally = await runCases(cases, root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  console.log(`\nruns of commit ${COMMIT.slice(0, 7)}, ${Math.round((performance.now() - began) / 1000)} s`);
  console.log(`${tally.passed} passed, ${tally.failed} failed`);
  if (tally.failed > 0 || tally.passed === 0) process.exitCode = 1;
}

await exitWith(main);
