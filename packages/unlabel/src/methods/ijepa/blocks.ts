// Which patches I-JEPA shows and which it asks for (arXiv:2301.08243, section 3 and appendix A.1): a few target blocks anywhere in the image, and
// one large context block less what the targets cover. Sizes are drawn once a step, places for each image. Deliberate difference: where the
// authors cut every context to the smallest of the batch, which would set the images of a batch against each other, its length here follows
// from the step's sizes alone, an image whose blocks leave less is drawn again, and of more a random part is kept.
import { UserError } from "../../base/errors.ts";
import type { Rng } from "../../base/rng.ts";

/** A range, least and largest. */
export type Range = readonly [least: number, largest: number];

/** How blocks are drawn. */
export interface BlockOptions {
  /** Patches a side of the image. */
  grid: number;
  /** How many blocks are predicted, 1 or more. */
  targets: number;
  /** Share of the image that a target block covers. */
  targetScale: Range;
  /** Height / width of a target block. */
  targetAspect: Range;
  /** Share of the image that the context block covers, square, before the targets are taken out of it. */
  contextScale: Range;
}

/** Patches of one image, by their numbers row by row. */
export interface Blocks {
  /** Those that the encoder sees. */
  context: number[];
  /** Those of each block that is predicted, one block after the other. */
  targets: number[];
}

interface Size {
  height: number;
  width: number;
}

/** The sizes of a step. */
export interface StepBlocks {
  /** Patches of a context. */
  context: number;
  /** Patches of a target block. */
  target: number;
  /** Draws the blocks of an image. */
  of(rng: Rng): Blocks;
}

/** Arrangements that are tried to see how much context these sizes leave. */
const TRIED = 16;
/** So many of them may leave less context than images of the step have. */
const FEWER = TRIED / 4;
/** After so many tries an image has the blocks of one that was tried before. */
const MOST_TRIES = 64;

/**
 * Draws the sizes that all images of a step have.
 *
 * @param rng of the step
 * @throws {UserError} where the targets leave no context, however they lie
 */
export function stepBlocks(rng: Rng, options: BlockOptions): StepBlocks {
  const { grid, targets: count } = options;
  const target = sizeOf(rng.uniform(...options.targetScale), rng.uniform(...options.targetAspect), grid);
  const around = sizeOf(rng.uniform(...options.contextScale), 1, grid);
  const arrange = (own: Rng): Blocks => {
    const targets = Array.from({ length: count }, () => placed(own, target, grid));
    const hidden = new Set(targets.flat());
    return { context: placed(own, around, grid).filter((patch) => !hidden.has(patch)), targets: targets.flat() };
  };
  const tried = Array.from({ length: TRIED }, () => arrange(rng)).sort((a, b) => a.context.length - b.context.length);
  const least = tried[FEWER]!.context.length || tried.find(({ context }) => context.length > 0)?.context.length || 0;
  if (least === 0) {
    throw new UserError(
      `Expected target blocks that leave some of ${grid} × ${grid} patches to see, got ${count} of ${target.height} × ${target.width}; lower target_scale_max or target_blocks, or set a smaller patch`,
    );
  }
  const enough = tried.filter(({ context }) => context.length >= least);
  return {
    context: least,
    target: target.height * target.width,
    of(own) {
      let found = arrange(own);
      for (let i = 1; found.context.length < least && i < MOST_TRIES; i++) found = arrange(own);
      if (found.context.length < least) found = enough[own.below(enough.length)]!;
      return { context: some(own, found.context, least), targets: found.targets };
    },
  };
}

/** As near as whole patches come to such a share and shape, within the image. */
function sizeOf(share: number, aspect: number, grid: number): Size {
  const area = share * grid * grid;
  const within = (edge: number) => Math.min(grid, Math.max(1, Math.round(edge)));
  return { height: within(Math.sqrt(area * aspect)), width: within(Math.sqrt(area / aspect)) };
}

/** A block of that size, anywhere in the image. */
function placed(rng: Rng, { height, width }: Size, grid: number): number[] {
  const [top, left] = [rng.below(grid - height + 1), rng.below(grid - width + 1)];
  return Array.from({ length: height * width }, (_, i) => (top + Math.floor(i / width)) * grid + left + (i % width));
}

/** So many of them, each as likely as another, in the order of the image. */
function some(rng: Rng, all: readonly number[], count: number): number[] {
  const left = [...all];
  for (let i = 0; i < count; i++) {
    const j = i + rng.below(left.length - i);
    [left[i], left[j]] = [left[j]!, left[i]!];
  }
  return left.slice(0, count).sort((a, b) => a - b);
}
