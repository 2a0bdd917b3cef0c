// How large images are: by their short side, which is what a crop is limited by.
import type { Seen } from "./look.ts";

/** How large the images are, in pixels. */
export interface Sizes {
  /** Width and height, in order of the short side. */
  smallest: [number, number];
  /** Width and height of the image in the middle. */
  median: [number, number];
  /** Width and height of the last. */
  largest: [number, number];
  /** Images whose short side is at least `from` and less than `below` pixels. */
  histogram: { from: number; below: number | null; images: number }[];
}

/** Edges in pixels; those below which a preset would enlarge are among them. */
const EDGES = [0, 32, 64, 96, 128, 160, 224, 256, 320, 384, 512, 768, 1024, 2048, 4096];

/** Null where no image could be read. */
export function sizesOf(images: readonly Seen[]): Sizes | null {
  const sorted = images
    .flatMap(({ reason, width, height }) =>
      reason === null ? [{ width, height, short: Math.min(width, height) }] : [],
    )
    .sort((a, b) => a.short - b.short);
  if (sorted.length === 0) return null;
  const at = (place: number): [number, number] => [sorted[place]!.width, sorted[place]!.height];
  const histogram = EDGES.map((from, i) => {
    const below = EDGES[i + 1] ?? null;
    const within = ({ short }: { short: number }) => short >= from && (below === null || short < below);
    return { from, below, images: sorted.filter(within).length };
  });
  return {
    smallest: at(0),
    median: at(sorted.length >> 1),
    largest: at(sorted.length - 1),
    histogram: histogram.filter(({ images: count }) => count > 0),
  };
}
