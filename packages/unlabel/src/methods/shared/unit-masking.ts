// Masking in square units of several patches (SimMIM, arXiv:2111.09886, section 3.2): patches next to each other say each other, so that hiding
// single ones asks for little.
import type { Tensor } from "@unlabel/torch";
import type { Draws } from "../../base/draws.ts";

/** How an image of a grid of patches is hidden in units. */
export interface UnitMasking {
  /** Patches a side of the image. */
  grid: number;
  /** Patches a side of a unit, at most half of the grid; units at the right and lower edge are cut where they do not fit. */
  unit: number;
  /** Share of the units that are hidden, above 0 and below 1. */
  ratio: number;
}

/** Patches a side of a unit of so many pixels, where the grid has at least two units a side: `patch` at the least. */
export function unitOf(grid: number, patch: number, pixels: number): number {
  return Math.max(1, Math.min(Math.round(pixels / patch), Math.floor(grid / 2)));
}

/** How many of so many units are hidden: `⌈units · ratio⌉`, but for one that is seen. */
export function hiddenUnits(units: number, ratio: number): number {
  return Math.min(units - 1, Math.ceil(units * ratio));
}

/**
 * Which patches are hidden, one where they are: float32 `[B, grid²]`. Units with the smallest random numbers are hidden, as many in every image.
 *
 * @param noise `[B, units]`, with `units` the square of `⌈grid / unit⌉`
 */
export function unitMaskOf(noise: Tensor, { grid, unit, ratio }: UnitMasking): Tensor {
  const side = Math.ceil(grid / unit);
  const images = noise.shape[0]!;
  const hidden = hiddenUnits(side * side, ratio);
  const places = noise.argsort(1).argsort(1);
  const units = places.lt(hidden).to({ dtype: "float32" }).reshape([images, side, 1, side, 1]);
  return units
    .expand([images, side, unit, side, unit])
    .reshape([images, side * unit, side * unit])
    .narrow(1, 0, grid)
    .narrow(2, 0, grid)
    .reshape([images, grid * grid]);
}

/** A mask of each image by its own numbers, the same on every device and in every part of a batch. */
export function randomUnitMask(draws: Draws, masking: UnitMasking): Tensor {
  const side = Math.ceil(masking.grid / masking.unit);
  return unitMaskOf(draws.uniform("unit mask", side * side), masking);
}
