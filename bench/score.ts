// How good a short training is: its encoder frozen, a linear probe fitted on train and kNN over train, val scored once.
import { join } from "node:path";
import { UserError } from "../packages/unlabel/src/base/errors.ts";
import { numberIn, runUnlabel } from "./child.ts";
import type { BenchOptions } from "./row.ts";

export interface Scores {
  /** Top-1 on val, in per cent. */
  linear: number;
  knn: number;
  /** Of training. */
  speed: number;
  mb: number | undefined;
}

/** A pair of settings that are trained alike but for what they name. */
export interface Contest {
  /** By name, the settings that differ. */
  sides: Record<string, string[]>;
  /** What both sides have in common: method, preset, steps. */
  shared: string[];
  seeds: readonly number[];
}

/** Trains each side with each seed, in turns, and scores it. @param folder where runs are kept */
export async function contest(
  { sides, shared, seeds }: Contest,
  data: string,
  folder: string,
  { threads, device, say }: BenchOptions,
): Promise<Record<string, Scores[]>> {
  const found: Record<string, Scores[]> = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
  const machine = ["--threads", String(threads), "--device", device];
  for (const seed of seeds) {
    for (const [name, own] of Object.entries(sides)) {
      const out = join(folder, `${name}-${seed}`);
      const unwatched = ["--set", "online=false", "--set", "health_every=0"];
      const flags = [...shared, ...own, ...unwatched, "--seed", String(seed), ...machine, "--out", out];
      const trained = await runUnlabel(["pretrain", data, "--epochs", "100000", ...flags], threads);
      const cheap = ["--protocols", "linear,knn", "--no-pixels", "--no-pictures"];
      const { json } = await runUnlabel(["evaluate", out, ...cheap, ...machine], threads);
      const scores = { linear: top1(json.linear), knn: top1(json.knn) };
      say(`${name}, seed ${seed}: linear probe ${scores.linear.toFixed(2)} %, kNN ${scores.knn.toFixed(2)} %`);
      found[name]!.push({ ...scores, speed: numberIn(trained, "images_per_s"), mb: trained.mb });
    }
  }
  return found;
}

function top1(protocol: unknown): number {
  if (typeof protocol === "object" && protocol && "top1" in protocol && typeof protocol.top1 === "number") {
    return 100 * protocol.top1;
  }
  throw new UserError(`Expected top1 of a protocol in a result, got ${JSON.stringify(protocol)}`);
}
