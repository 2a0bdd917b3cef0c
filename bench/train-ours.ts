// Our side of bench `train`: what runs, how much of it, and how long it takes.
import { join } from "node:path";
import { runScript, runUnlabel } from "./child.ts";
import { gflopOf } from "./floor.ts";
import type { BenchOptions } from "./row.ts";
import type { Case } from "./train-cases.ts";
import type { Side } from "./turns.ts";

/** Steps before those that count, on either side. */
export const WARM = 2;
export const ENCODE = "encode resnet18 64";

/** How much of everything; functions are of what an image costs, in GFLOP. */
export interface Pace {
  batch(gflop: number): number;
  /** Steps that count. */
  steps(gflop: number): number;
  /** Each side runs this often, turn by turn; the median counts. */
  rounds: number;
  /** Images encoded, and features probed. */
  images: number;
}

export const probeName = ({ images }: Pace) => `probe, ${images} features of 512`;

/** Our programs, of this tree or of another commit's at `root`. */
export interface OurSides {
  pretrain(one: Case): Side;
  encode: Side;
  probe: Side;
}

/** @param folder where runs are put */
export function ourSides(
  { threads, data, device }: Pick<BenchOptions, "threads" | "data" | "device">,
  pace: Pace,
  folder: string,
  root?: string,
): OurSides {
  const whose = root ?? "ours";
  const at = ["--threads", String(threads), "--device", device];
  const count = String(pace.images);
  let runs = 0;
  return {
    pretrain({ ours, size, work }) {
      const gflop = gflopOf(work);
      const flags = [...ours, "--size", String(size), "--batch", String(pace.batch(gflop)), ...at];
      const steps = ["--epochs", "100000", "--steps", String(pace.steps(gflop) + WARM)];
      const key = `${whose} ${flags.join(" ")}`;
      const out = () => ["--out", join(folder, root ? "before" : "now", String(runs++))];
      return { key, run: () => runUnlabel(["pretrain", data, ...flags, ...steps, ...out()], threads, { root }) };
    },
    encode: {
      key: `${whose} encode`,
      run: () => runScript("encode.ts", [data, count, String(threads), device], threads, { root }),
    },
    probe: { key: `${whose} probe`, run: () => runScript("probe.ts", [count, String(threads)], threads, { root }) },
  };
}

/** Seconds that a process takes to start, and that one takes to encode or probe. */
export const START = 7;
export const OTHER = START + 4;
/** The share of the speed of matrix products that training reaches. */
const REACHED = { resnet18: 0.45, resnet50: 0.45, mae: 0.7 };

/** Seconds of one run of training on a CPU, by formula: known before it begins, good to a third. */
export function secondsOf({ work }: Case, steps: number, batch: number, gflops: number): number {
  return START + ((steps + WARM) * batch * gflopOf(work)) / gflops / REACHED[work.kind];
}
