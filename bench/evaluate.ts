// How long an evaluation takes beside the training that it judges: preset `auto` of both kinds of method, by phase. Training is measured
// for some steps and told for all that the preset would have; evaluation is run whole.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../packages/unlabel/src/base/errors.ts";
import { numberIn, type Outcome, runScript, runUnlabel } from "./child.ts";
import { fittedTo } from "./fitted.ts";
import { type BenchOptions, type Row, row } from "./row.ts";
import { smallCopy } from "./small-copy.ts";

const METHODS = ["simclr", "mae"];
const STEPS = 60;
/** Of the time of training; evaluation is not to take more. */
export const MOST = 1 / 3;

export async function run({ quick, data, device, threads, say }: BenchOptions): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "unlabel-bench-"));
  try {
    const images = quick ? await smallCopy(data, join(folder, "data"), { train: 256, val: 64 }) : data;
    const rows: Row[] = [];
    for (const method of METHODS) {
      const out = join(folder, method);
      const flags = ["--method", method, "--steps", String(quick ? 2 : STEPS)];
      const machine = ["--threads", String(threads), "--device", device];
      say(`${method}: training`);
      const trained = await runUnlabel(["pretrain", images, ...flags, ...machine, "--out", out], threads);
      say(`${method}: evaluation`);
      const judged = await runScript("evaluate.ts", [out, String(threads), device], threads);
      rows.push(...rowsOf(method, await stepsOf(method, images, device), trained, judged));
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Steps that preset auto gives the method on these images where nobody says how many. */
async function stepsOf(method: string, given: string, device: string): Promise<number> {
  const { config, images } = await fittedTo(given, { method }, device);
  if (config.epochs === null) throw new UserError(`Expected epochs of preset auto for ${method}, got none`);
  return config.epochs * Math.max(1, Math.floor(images / config.batch));
}

/** Training, evaluation and its phases, and the share of the one in the other. */
export function rowsOf(method: string, steps: number, trained: Outcome, judged: Outcome): Row[] {
  const perStep = numberIn(trained, "step_s");
  const training = perStep * steps;
  const seconds = numberIn(judged, "seconds");
  const phases = judged.json.phases as Record<string, number>;
  const rest = seconds - Object.values(phases).reduce((sum, one) => sum + one, 0);
  const share = seconds / training;
  return [
    row(`${method}: training`, "s", training, null, {
      note: `${steps} steps, as preset auto has, of ${perStep.toFixed(3)} s`,
    }),
    row(`${method}: evaluation`, "s", seconds, null, {
      note: `${numberIn(judged, "images")} images, by the trained encoder and the initial one`,
    }),
    ...Object.entries({ ...phases, "all else": rest }).map(([phase, time]) =>
      row(`${method}: ${phase}`, "s", time, null),
    ),
    row(`${method}: evaluation, of training`, "of the time", share, null, {
      note: share <= MOST ? "at most a third" : "more than a third",
    }),
  ];
}
