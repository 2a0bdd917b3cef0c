// Successive halving of a comparison's methods, with its first seed: trained a part, looked at, the worse half given up; kept in compare.json look by
// look, so that it goes on where it stopped.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Split } from "../data/folder.ts";
import { probeSplits } from "../eval/splits.ts";
import { canHalve, RUNGS, type Rung, rungOf, stoppedWords, trainUntil } from "./halving.ts";
import type { Comparison, PlannedRun } from "./plan.ts";
import type { Settled } from "./settle.ts";
import type { ComparisonTraining } from "./training.ts";

interface Parts {
  settled: Settled;
  out: string;
  training: ComparisonTraining;
  log(text: string): void;
  signal: AbortSignal | undefined;
}

/** The runs of the same method with whatever seed: what one came to speaks for the others. */
export function alike(runs: readonly PlannedRun[], name: string): PlannedRun[] {
  const { method } = runs.find((run) => run.name === name)!;
  return runs.filter((run) => run.method === method);
}

/** The training images that no score will rest on: where there is no val, a part of train is held out to score on. */
export function unscored({ images: { train }, evaluated, isLabelled, comparison }: Unscored): Split {
  if (!isLabelled) return train;
  const { val, seed } = probeSplits(evaluated, comparison.split_seed ?? comparison.seeds[0] ?? 0);
  if (seed === null) return train;
  const test = new Set(val.items.map(({ path }) => path));
  return { ...train, items: train.items.filter(({ path }) => !test.has(path)) };
}

type Unscored = Pick<Settled, "images" | "evaluated" | "isLabelled" | "comparison">;

/** @returns false where it was asked to stop; the same again goes on from there */
export async function halved(comparison: Comparison, parts: Parts): Promise<boolean> {
  const { settled, out, training, log, signal } = parts;
  const { runs, seeds } = comparison;
  const looked = { train: unscored(settled), classes: settled.images.classes.length };
  const racing = () =>
    runs.filter(({ seed, status }) => seed === seeds[0] && status !== "stopped" && status !== "failed");
  comparison.rungs ??= [];
  for (const share of RUNGS) {
    if (comparison.rungs.some((rung) => rung.share === share)) continue;
    // Where one has come to its end, the race is over: what is looked at has trained for unlike shares.
    if (!canHalve(racing().length) || racing().some(({ status }) => status === "done")) return true;
    for (const run of racing()) {
      if (signal?.aborted) return false;
      log(`${run.name}: the first ${100 * share} % of its steps`);
      const goesOn = await training.work(run, async (tellRun) => {
        tellRun({ status: "training", error: undefined });
        // The comparison itself goes on with it.
        const came = await trainUntil(share, { ...training.requestOf(run), goOn: null });
        tellRun({ status: came === "interrupted" ? "interrupted" : "paused" });
        return came !== "interrupted";
      });
      if (!goesOn) return false;
    }
    const left = racing().filter(({ name }) => existsSync(join(out, name, "run.json")));
    if (!canHalve(left.length)) return true;
    let rung: Rung;
    try {
      rung = await rungOf(
        share,
        left.map(({ name }) => ({ name, path: join(out, name) })),
        looked,
        signal,
      );
    } catch (error) {
      if (signal?.aborted) return false;
      throw error;
    }
    const stopped = rung.stopped.map((name) => ({ name, error: stoppedWords(name, rung) }));
    // Written down at once, with all that it gave up: stopped between, the same command would train some of them on.
    comparison.rungs.push(rung);
    for (const { name, error } of stopped)
      for (const run of alike(runs, name)) Object.assign(run, { status: "stopped", error });
    training.tell(left[0]!, {});
    for (const { name, error } of stopped) log(`${name}: ${error}`);
  }
  return true;
}
