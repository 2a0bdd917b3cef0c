// A batch through a network in groups, each normalised by itself, as on several devices of one batch each. Methods whose keys stand beside
// those of earlier batches need it: a query and its key, normalised over the same images, would know each other by that alone (MoCo,
// arXiv:1911.05722, section 3.3). There keys are shuffled among devices; here among groups.
import { cat, distributed, nn, type Tensor } from "@unlabel/torch";
import type { Draws } from "../../base/draws.ts";

/** Whether a network normalises over the images that go through it together. */
export function normalisesBatches(network: nn.Module<never, unknown>): boolean {
  return [...network.modules()].some((part) => part instanceof nn.BatchNorm2d || part instanceof nn.BatchNorm1d);
}

/** Whether it does so over the images of all ranks. */
export function normalisesOverRanks(network: nn.Module<never, unknown>): boolean {
  if (!distributed.isInitialized()) return false;
  return [...network.modules()].some(
    (part) => (part instanceof nn.BatchNorm2d || part instanceof nn.BatchNorm1d) && part.sync,
  );
}

/**
 * Sizes of groups that differ by one image at most, each of at least two images, since one alone has nothing to be normalised over.
 *
 * @param images from 1
 * @param groups the most there may be, from 1
 */
export function groupSizes(images: number, groups: number): number[] {
  const count = Math.max(1, Math.min(groups, Math.floor(images / 2)));
  return Array.from({ length: count }, (_, i) => Math.floor((images + i) / count));
}

/**
 * Groups of a part of a batch, of as many images as those of the whole one: a rank's, or a micro-batch. Two where there were several,
 * for in one alone nothing could be shuffled.
 *
 * @param groups of the whole batch
 */
export function groupsOfPart(groups: number, images: number, batch: number): number {
  return Math.max(Math.min(2, groups), Math.round((groups * images) / batch));
}

/** A batch through a network, group by group: `[B, …]` → `[B, D]`. @param network with the place of a group's first image, and its size */
export function inGroups(
  images: Tensor,
  groups: number,
  network: (part: Tensor, start: number, size: number) => Tensor,
): Tensor {
  const sizes = groupSizes(images.shape[0]!, groups);
  if (sizes.length === 1) return network(images, 0, images.shape[0]!);
  let start = 0;
  return cat(
    sizes.map((size) => {
      start += size;
      return network(images.narrow(0, start - size, size), start - size, size);
    }),
    0,
  );
}

/** The same with images in a random order, by the step's own numbers, and back in their own: groups hold other images than in order. */
export function inShuffledGroups(
  images: Tensor,
  groups: number,
  draws: Draws,
  network: (part: Tensor) => Tensor,
): Tensor {
  if (groups === 1) return network(images);
  const order = draws.uniform("shuffle", 1).select(1, 0).argsort(0);
  return inGroups(images.indexSelect(0, order), groups, network).indexSelect(0, order.argsort(0));
}
