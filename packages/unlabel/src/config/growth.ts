// Views that are small at first and grow later (progressive resizing, as in arXiv:2104.00298): which edges they have, and from which
// step on. A training's early steps need no detail, and a view's cost goes with its area.
import type { Config } from "./common.ts";

/** Steps that have views of one size, up to where the next stage begins. */
export interface Stage {
  /** Steps done before the first that has it. */
  from: number;
  /** Edge of the views in pixels. */
  size: number;
}

/** The settings that growing follows from. */
export type GrowthConfig = Pick<Config, "size" | "size_start" | "grow_until" | "patch">;

/** More sizes would each be seen too briefly to be worth what a first step of new shapes costs. */
const MOST_SIZES = 6;

/** What the edge of a view that is smaller than planned must be a multiple of: a ViT's patch; a ResNet likes whole cells of its maps. */
export function growthUnit({ patch }: Pick<Config, "patch">, vit: boolean): number {
  return vit ? patch : 8;
}

/**
 * The edge of views that are not as large as the whole ones while these have `edge` pixels rather than `size`: smaller by the same
 * factor, to a multiple of the unit.
 *
 * @param full edge in pixels that they end with
 */
export function edgeAt(
  full: number,
  edge: number,
  { size, patch }: Pick<Config, "size" | "patch">,
  vit: boolean,
): number {
  const unit = growthUnit({ patch }, vit);
  return Math.min(full, unit * Math.max(1, Math.round((full * edge) / size / unit)));
}

/**
 * The edges that views have one after the other, ascending and evenly spaced, the last one `size`: all that are a multiple of the unit
 * (of 16 for ResNets above 64 px) or, of too many, six.
 */
export function sizesOf({ size, size_start: start, grow_until: until, patch }: GrowthConfig, vit: boolean): number[] {
  if (start === null || start >= size || until === 0) return [size];
  const unit = vit || size <= 64 ? growthUnit({ patch }, vit) : 16;
  const gaps = Math.min(MOST_SIZES - 1, Math.max(1, Math.floor((size - start) / unit)));
  const between = Array.from({ length: gaps - 1 }, (_, i) => {
    return unit * Math.round((start + ((i + 1) * (size - start)) / gaps) / unit);
  });
  return [start, ...between, size];
}

/** Each size with its share of the steps, as they are planned: smaller ones have equal parts of `grow_until`. */
export function sharesOf(config: GrowthConfig, vit: boolean): { size: number; share: number }[] {
  const sizes = sizesOf(config, vit);
  if (sizes.length === 1) return [{ size: config.size, share: 1 }];
  const { grow_until: until } = config;
  return sizes.map((size, i) => ({ size, share: i === sizes.length - 1 ? 1 - until : until / (sizes.length - 1) }));
}

/** When each size begins in a training of `total` steps; sizes that no step would have are left out. */
export function stagesOf(config: GrowthConfig, vit: boolean, total: number): Stage[] {
  const sizes = sizesOf(config, vit);
  const growing = Math.round(config.grow_until * total);
  const stages = sizes.map((size, i) => ({ from: i === 0 ? 0 : Math.round((i * growing) / (sizes.length - 1)), size }));
  return stages.filter(({ from }, i) => from < (stages[i + 1]?.from ?? Math.max(1, total)));
}

/**
 * The stages once a training that has followed `before` is planned anew for `total` steps: what has begun stays, the rest begins when the
 * new plan says. Views never shrink.
 *
 * @param earliest steps before it keep the size that they had
 */
export function stagesAnew(before: readonly Stage[], planned: readonly Stage[], earliest: number): Stage[] {
  const begun = before.filter(({ from }, i) => i === 0 || from < earliest);
  const last = begun.at(-1)!.size;
  const coming = planned
    .filter(({ size }) => size > last)
    .map(({ from, size }) => ({ from: Math.max(from, earliest), size }));
  return [...begun, ...coming.filter(({ from }, i) => from !== coming[i + 1]?.from)];
}

/** The size of the views of a step. @param step counted from 0 */
export function sizeAt(stages: readonly Stage[], step: number): number {
  return stages.findLast(({ from }) => from <= step)!.size;
}

/** A line for each setting of growing that makes no sense. */
export function growthProblems(config: Config, vit: boolean): string[] {
  const { size, size_start: start, patch, encoder } = config;
  if (start === null) return [];
  if (start > size) {
    return [
      `Expected a size_start of at most size (${size} px), got ${start}; set a smaller size_start or a larger size`,
    ];
  }
  const unit = growthUnit({ patch }, vit);
  if (start % unit === 0) return [];
  const below = Math.floor(start / unit) * unit;
  const nearest = [below, below + unit].filter((edge) => edge >= 16 && edge <= size).join(" or ");
  const what = vit
    ? `a size_start that patch ${patch} divides`
    : `a multiple of ${unit} for size_start with ${encoder}`;
  return [`Expected ${what}, got ${start}${nearest ? `; nearest: ${nearest}` : ""}`];
}
