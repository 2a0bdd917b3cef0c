// `npm run test:faults [-- --quick] [--seed N] [--only WORD]`: the real command line under kills, full disks, damaged files,
// vanished data, signals and places that take no file. Every case must end in a stated, correct state; the last line is `N passed, N failed`.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runCases, type Tally } from "./cases.ts";
import { damage } from "./damage.ts";
import { disk } from "./disk.ts";
import { kills } from "./kills.ts";
import { nodes } from "./nodes.ts";
import { places } from "./places.ts";
import { randomFrom } from "./random.ts";
import { ranks } from "./ranks.ts";
import { resources } from "./resources.ts";
import { signals } from "./signals.ts";
import { METHODS, makeWorld, type World } from "./world.ts";

export interface Case {
  name: string;
  /** Returns how it ended; throws where that is not as promised. `folder` is empty and its own. */
  run(world: World, folder: string): Promise<string>;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { quick: { type: "boolean" }, seed: { type: "string" }, only: { type: "string", multiple: true } },
  });
  const quick = values.quick === true;
  const random = randomFrom(Number(values.seed ?? 1));
  const root = mkdtempSync(join(tmpdir(), "unlabel-faults-"));
  const began = performance.now();
  const methods = quick ? (["mae"] as const) : METHODS;
  const counts = quick
    ? { steps: 3, checkpoints: 4, evaluation: 1, report: 1 }
    : { steps: 15, checkpoints: 15, evaluation: 5, report: 4 };
  const all = [
    ...kills(counts, random, methods),
    ...signals(quick),
    ...damage(quick),
    ...resources(quick),
    ...disk(root, quick),
    ...places(quick),
    ...ranks(quick, random),
    ...nodes(quick),
  ];
  const cases = all.filter(({ name }) => (values.only ?? [""]).some((word) => name.includes(word)));
  let tally: Tally = { passed: 0, failed: 0 };
  try {
    // Cases that need another method's undisturbed run have its name.
    const needed = methods.filter((method) => method === "mae" || cases.some(({ name }) => name.includes(method)));
    const world = await makeWorld(root, needed);
    const bound = cases.map(({ name, run }) => ({ name, run: (folder: string) => run(world, folder) }));
    tally = await runCases(bound, root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  const seconds = Math.round((performance.now() - began) / 1000);
  console.log(`\n${cases.length} cases in ${seconds} s, seed ${values.seed ?? 1}`);
  console.log(`${tally.passed} passed, ${tally.failed} failed`);
  if (tally.failed > 0 || tally.passed === 0) process.exitCode = 1;
}

await main();
