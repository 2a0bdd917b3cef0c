// Stochastic depth (arXiv:1603.09382): in training, each image leaves out residual branches at random, later ones more often,
// by timm's linear rule; a branch that stays is scaled up by as much.
import type { Tensor } from "@unlabel/torch";
import { UserError } from "../base/errors.ts";
import { drawInUse } from "./draws-in-use.ts";

/** How often each block's branches are left out: `rate · i / (depth − 1)`. @throws {UserError} where `rate` is not in [0, 1) */
export function dropRates(rate: number, depth: number): number[] {
  if (!(rate >= 0 && rate < 1)) throw new UserError(`Expected a number from 0 to below 1 for drop_path, got ${rate}`);
  return Array.from({ length: depth }, (_, i) => (depth > 1 ? (rate * i) / (depth - 1) : 0));
}

/**
 * What each block's branches are multiplied by, drawn for all blocks at once from the step's numbers (draws-in-use.ts), so that
 * a block that is computed again can be handed the same: `[B, branches]`, 0 or 1 / (1 − rate); null where nothing is left out.
 *
 * @param x what goes into the blocks, `[B, …]`
 * @param branches of a block
 */
export function drawPaths(rates: readonly number[], branches: number, x: Tensor): (Tensor | null)[] {
  if (rates.every((rate) => rate === 0)) return rates.map(() => null);
  const columns = rates.flatMap((rate) => Array<number>(branches).fill(Math.fround(1 - rate)));
  // Made of the numbers on the host, so that they go to the device as they are used.
  const scales = drawInUse("drop path", x.shape[0]!, columns.length, (numbers) =>
    numbers.map((number, i) => {
      const stays = columns[i % columns.length]!;
      return number < stays ? 1 / stays : 0;
    }),
  );
  return rates.map((rate, i) => (rate === 0 ? null : scales.narrow(1, i * branches, branches)));
}

/** A branch `[B, …]` with what `paths` says of it; without `paths` as it is. @param index which of the block's branches */
export function dropPath(branch: Tensor, paths: Tensor | null | undefined, index = 0): Tensor {
  if (!paths) return branch;
  const scale = paths.select(1, index).to({ dtype: branch.dtype });
  return branch.mul(scale.reshape([-1, ...Array<number>(branch.ndim - 1).fill(1)]));
}
