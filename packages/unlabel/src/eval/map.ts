// A map of features: neighbours on it are neighbours among the features. Principal components first, then UMAP (arXiv:1802.03426).
import { noGrad, scope, type Tensor } from "@unlabel/torch";
import { UMAP } from "umap-js";
import { Rng } from "../base/rng.ts";
import { normalise } from "../score/knn.ts";

const COMPONENTS = 50;
const NEIGHBOURS = 15;
export const MIN_DIST = 0.1;
/** Rows of which the products with each other are too many to go by. */
const MANY = 2000;
/** UMAP has nothing to lay out with fewer. */
const FEWEST = 5;

export interface Layout {
  /** In [0, 1], the longer side filled. */
  x: number[];
  y: number[];
  how: string;
  neighbours: number;
}

/**
 * Lays out features `[N, D]` in the plane by their cosine similarities; the same seed gives the same map.
 *
 * @param onEpoch hears how many of UMAP's epochs are done, and how many there will be
 */
export function layOut(
  features: Tensor,
  seed: number,
  onEpoch: (done: number, total: number) => void = () => {},
): Layout {
  const count = features.shape[0]!;
  const rows = principal(features, COMPONENTS);
  if (count < FEWEST) return { ...fitted(rows), how: "PCA", neighbours: 0 };
  const rng = new Rng(seed, "umap");
  const neighbours = Math.min(NEIGHBOURS, count - 1);
  const umap = new UMAP({ nNeighbors: neighbours, minDist: MIN_DIST, random: () => rng.uniform() });
  const epochs = umap.initializeFit(rows);
  for (let done = 0; done < epochs; done++) onEpoch(umap.step(), epochs);
  return { ...fitted(umap.getEmbedding()), how: `PCA ${rows[0]!.length} → UMAP`, neighbours };
}

/** The first principal components of rows of length 1, `[N][≤ most]`, each turned so that its largest entry is positive. */
export function principal(features: Tensor, most: number): number[][] {
  return noGrad(() =>
    scope(() => {
      const count = features.shape[0]!;
      const rows = normalise(features);
      const centred = rows.sub(rows.mean([0])).to({ device: "cpu" });
      const [rowCount, dim] = centred.shape as [number, number];
      if (rowCount > MANY && rowCount > dim) return listed(turnedToPlus(byDimensions(centred, Math.min(most, dim))));
      // Of N rows, the N × N products hold the components as well, and N is small here: X·Xᵀ = U·Λ·Uᵀ, components U·√Λ.
      const [values, vectors] = centred.mm(centred.t()).linalgEigh();
      const kept = Math.min(most, count);
      const scale = values
        .narrow(0, count - kept, kept)
        .clamp(0)
        .sqrt();
      const parts = vectors
        .narrow(1, count - kept, kept)
        .mul(scale)
        .flip([1]);
      return listed(turnedToPlus(parts));
    }),
  );
}

function byDimensions(centred: Tensor, kept: number): Tensor {
  const dim = centred.shape[1]!;
  const [, vectors] = centred.t().mm(centred).linalgEigh();
  return centred.mm(vectors.narrow(1, dim - kept, kept).flip([1]));
}

function turnedToPlus(parts: Tensor): Tensor {
  const largest = parts.abs().argmax(0).unsqueeze(0);
  return parts.mul(parts.gather(0, largest).sign());
}

function listed(rows: Tensor): number[][] {
  const [count, kept] = rows.shape as [number, number];
  const flat = rows.contiguous().toNumbers();
  return Array.from({ length: count }, (_, n) => flat.slice(n * kept, (n + 1) * kept));
}

export function fitted(rows: number[][]): { x: number[]; y: number[] } {
  const axis = (at: number) => rows.map((row) => row[at] ?? 0);
  const [xs, ys] = [axis(0), axis(1)];
  // Too many to be arguments of one call.
  const least = (values: number[]) => values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const most = (values: number[]) => values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const [left, low] = [least(xs), least(ys)];
  const [width, height] = [most(xs) - left, most(ys) - low];
  const extent = Math.max(width, height) || 1;
  // The shorter side lies in the middle.
  const place = (values: number[], from: number, side: number) =>
    values.map((value) => round((value - from + (extent - side) / 2) / extent));
  return { x: place(xs, left, width), y: place(ys, low, height) };
}

/** Four digits place a point within a tenth of a pixel. */
function round(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
