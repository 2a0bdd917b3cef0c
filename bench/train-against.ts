// Bench `train` beside another commit of ours: the same cases, each once, since what differs between a case's rows is the peer.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BuiltCommit } from "../scripts/commit.ts";
import { beside } from "./against.ts";
import { gflopOf, measureFloor } from "./floor.ts";
import type { BenchOptions, Row } from "./row.ts";
import { type Case, cases } from "./train-cases.ts";
import { ENCODE, OTHER, ourSides, type Pace, probeName, secondsOf } from "./train-ours.ts";
import { type Duel, takeTurns } from "./turns.ts";

/** Of a CPU: two rounds are A B B A, which a machine that grows slower steadily does not bend; rows in doubt get two more. */
export const AGAINST: Pace = {
  batch: (gflop) => (gflop > 20 ? 8 : gflop > 5 ? 16 : 32),
  steps: (gflop) => (gflop > 20 ? 3 : gflop > 5 ? 5 : 12),
  rounds: 2,
  images: 8192,
};
const GPU: Pace = { batch: () => 128, steps: () => 40, rounds: 3, images: 9469 };
const QUICK: Pace = { batch: () => 4, steps: () => 1, rounds: 1, images: 64 };

const paceOf = ({ quick, device }: Pick<BenchOptions, "quick" | "device">) =>
  quick ? QUICK : device === "cuda" ? GPU : AGAINST;

/** Cases that differ in what ours does, each under the name that its rows share. */
export function ownCases(): Case[] {
  // What an expert's peer does says nothing here.
  const named = cases(false).map((one) => ({ ...one, name: one.name.replace(/ (as written|tuned)$/, "") }));
  return [...new Map(named.map((one) => [one.name, one])).values()];
}

export function againstNames(options: Pick<BenchOptions, "quick" | "device">): string[] {
  return [...ownCases().map(({ name }) => name), ENCODE, probeName(paceOf(options))];
}

export async function against(options: BenchOptions, before: BuiltCommit): Promise<Row[]> {
  const { quick, threads, device, rows: wanted, say } = options;
  const pace = paceOf(options);
  const chosen = ({ name }: { name: string }) => wanted?.test(name) ?? true;
  const folder = mkdtempSync(join(tmpdir(), "unlabel-bench-"));
  try {
    const [now, then] = [ourSides(options, pace, folder), ourSides(options, pace, folder, before.root)];
    const trained = ownCases().filter(chosen);
    const duels: Duel[] = trained.map((one) => {
      const { name, note } = one.lighter ? { ...one, note: undefined } : one;
      return {
        name,
        unit: "images/s",
        figure: "images_per_s",
        ours: now.pretrain(one),
        peer: then.pretrain(one),
        more: () => ({ note: note?.replace(" on both sides", "") }),
      };
    });
    const others: Duel[] = [
      { name: ENCODE, unit: "images/s", figure: "images_per_s", ours: now.encode, peer: then.encode },
      { name: probeName(pace), unit: "epochs/s", figure: "epochs_per_s", ours: now.probe, peer: then.probe },
    ].filter(chosen);
    if (!quick && device === "cpu" && duels.length + others.length > 0) {
      const seconds = againstSeconds(trained, others.length, await measureFloor(threads, device, quick));
      say(`about ${Math.ceil(seconds / 60)} minutes, more where rows look slower and are measured again`);
    }
    const rows: Row[] = [];
    for (const duel of [...duels, ...others]) {
      say(duel.name);
      rows.push(...(await takeTurns([duel], beside(before, pace.rounds, quick))));
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** How long rows of training, and `others` rows without, take on a CPU where none is measured again. */
export function againstSeconds(trained: readonly Case[], others: number, gflops: number): number {
  const one = (each: Case) => {
    const gflop = gflopOf(each.work);
    return secondsOf(each, AGAINST.steps(gflop), AGAINST.batch(gflop), gflops);
  };
  return 2 * AGAINST.rounds * (trained.reduce((sum, each) => sum + one(each), 0) + others * OTHER);
}
