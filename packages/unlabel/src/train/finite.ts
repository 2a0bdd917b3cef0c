// A loss or gradient that is no number stops the run before it reaches a checkpoint; the batch that it came from is noted.

import { join } from "node:path";
import { _foreachNorm, noGrad, scope, stack } from "@unlabel/torch";
import { UserError } from "../base/errors.ts";
import { writeAtomically } from "../base/files.ts";
import type { Config } from "../config/common.ts";

import type { Item } from "../data/folder.ts";
import type { Batch } from "../data/loader.ts";
import { nameOf } from "../data/names.ts";
import type { Method } from "../methods/method.ts";
import type { StepOutcome } from "./step.ts";

export interface FiniteOptions {
  /** The step's images, of all ranks. */
  batch: Pick<Batch, "indices">;
  step: number;
  /** The step of the last checkpoint; 0 for none. */
  saved: number;
  lr: number;
  config: Config;
  /** The run directory, for `bad-batch.json`. */
  folder: string;
  /** Whether this process writes there; default true. */
  writes?: boolean;
  /** The split's items, which the batch's indices count. */
  items: readonly Pick<Item, "path" | "tile">[];
}

/** Stops before weights that an update has made infinite are saved. @throws {UserError} */
export function refuseBrokenWeights(method: Method, step: number, saved: number): void {
  const norm = scope(() => noGrad(() => stack(_foreachNorm(method.parameters())).linalgVectorNorm().item()));
  if (Number.isFinite(norm)) return;
  const kept = saved > 0 ? `the checkpoint of step ${saved} is whole` : "nothing was saved";
  throw new UserError(`Expected finite weights at step ${step}, got a norm of ${norm}; ${kept}. Try a lower lr`);
}

/** @throws {UserError} where loss or gradients are not finite: what is kept, which images were in the batch, what to try */
export function refuseNotFinite({ loss, gradNorm }: StepOutcome, options: FiniteOptions): void {
  if (Number.isFinite(loss) && Number.isFinite(gradNorm)) return;
  const { batch, step, saved, lr, config, folder, items, writes = true } = options;
  const found = Number.isFinite(loss) ? `gradients of norm ${gradNorm}` : `a loss of ${loss}`;
  const kept = saved > 0 ? `the checkpoint of step ${saved} is whole` : "nothing was saved";
  const advice = `a lower lr than ${config.lr}, clip_grad_norm${config.precision === "fp32" ? "" : " or precision fp32"}`;
  const file = join(folder, "bad-batch.json");
  const images = Array.from(batch.indices, (index) => {
    const item = items[index];
    return { index, path: item ? nameOf(item) : null };
  });
  const about = { step, loss: String(loss), grad_norm: String(gradNorm), lr, seed: config.seed, images };
  if (writes) writeAtomically(file, `${JSON.stringify(about, null, 2)}\n`);
  throw new UserError(
    `Expected finite numbers at step ${step}, got ${found}; ${kept}. Try ${advice}. The step's images are listed in ${file}`,
  );
}
