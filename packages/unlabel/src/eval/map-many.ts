// A map of more images than UMAP lays out in a tolerable time: of 10,000 drawn evenly by the seed UMAP makes the map, and each of the rest
// is placed between the five of them that are most similar to it, weighted by similarity. What is dense and what is apart stays so;
// what lies between clusters of the sample does too.
import { setImmediate } from "node:timers/promises";
import { fromTypedArray, scope, type Tensor } from "@unlabel/torch";
import { UMAP } from "umap-js";
import { Rng } from "../base/rng.ts";
import { nearest } from "../score/knn.ts";
import { fitted, type Layout, MIN_DIST, principal } from "./map.ts";

/** Points that UMAP lays out, at most. */
export const FITTED = 10_000;
const COMPONENTS = 50;
const NEIGHBOURS = 15;
/** UMAP has nothing to lay out with fewer. */
const FEWEST = 5;
/** Of how many the place of one that UMAP has not seen is the mean, and how much more the nearer of two counts. */
const BETWEEN = 5;
const TEMPERATURE = 0.05;
/** Rounds of UMAP's optimisation: its own default for few points, 500, takes minutes for 10,000. */
const EPOCHS = { few: 500, many: 200, from: 2500 };

export interface LargeLayout extends Layout {
  /** Points that UMAP laid out itself. */
  fitted: number;
}

/**
 * Lays out features `[N, D]` as {@link layOut} does, and any number of them; lets other work of the process have its turn meanwhile.
 *
 * @param onProgress hears how much is done, in [0, 1]
 * @param most that UMAP lays out; for tests
 */
export async function layOutMany(
  features: Tensor,
  seed: number,
  {
    onProgress = () => {},
    signal,
    most = FITTED,
  }: { onProgress?: (share: number) => void; signal?: AbortSignal; most?: number } = {},
): Promise<LargeLayout> {
  const count = features.shape[0]!;
  const sample = drawn(count, most, seed);
  using some = scope(() => features.indexSelect(0, fromTypedArray(sample)));
  const rows = principal(some, COMPONENTS);
  if (sample.length < FEWEST) return { ...fitted(rows), how: "PCA", neighbours: 0, fitted: sample.length };
  const neighbours = Math.min(NEIGHBOURS, sample.length - 1);
  const rng = new Rng(seed, "umap");
  const umap = new UMAP({
    nNeighbors: neighbours,
    minDist: MIN_DIST,
    nEpochs: sample.length < EPOCHS.from ? EPOCHS.few : EPOCHS.many,
    random: () => rng.uniform(),
  });
  // Exact neighbours: of so many rows the tensors find them in a moment.
  const found = neighboursOf(rows, neighbours);
  umap.setPrecomputedKNN(found.indices, found.distances);
  const epochs = umap.initializeFit(rows);
  for (let done = 0; done < epochs; done++) {
    umap.step();
    if (done % 5 === 0) {
      onProgress((0.95 * done) / epochs);
      await setImmediate();
      signal?.throwIfAborted();
    }
  }
  const how = `PCA ${rows[0]!.length} → UMAP`;
  const embedding = umap.getEmbedding();
  if (sample.length === count) return { ...fitted(embedding), how, neighbours, fitted: count };
  const placed = between(some, features, embedding);
  // Those that UMAP laid out stay where it put them.
  for (const [i, row] of sample.entries()) placed[row] = embedding[i]!;
  return {
    ...fitted(placed),
    how: `${how} of ${sample.length.toLocaleString("en-US")}, the others between their ${BETWEEN} nearest of these`,
    neighbours,
    fitted: sample.length,
  };
}

/** Rows of `count`, `most` at most, ascending. */
function drawn(count: number, most: number, seed: number): Int32Array {
  if (count <= most) return Int32Array.from({ length: count }, (_, i) => i);
  const rng = new Rng(seed, "map sample");
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (let i = 0; i < most; i++) {
    const j = i + rng.below(count - i);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order.slice(0, most).sort();
}

/** Each row's nearest by distance, itself first, as UMAP takes them. */
function neighboursOf(rows: number[][], k: number): { indices: number[][]; distances: number[][] } {
  return scope(() => {
    const dim = rows[0]!.length;
    const points = fromTypedArray(Float32Array.from(rows.flat()), [rows.length, dim]);
    const squares = points.square().sum([1]);
    const indices: number[][] = [];
    const distances: number[][] = [];
    const step = 1024;
    for (let at = 0; at < rows.length; at += step) {
      scope(() => {
        const part = points.narrow(0, at, Math.min(step, rows.length - at));
        const far = squares
          .unsqueeze(0)
          .sub(part.mm(points.t()).mul(2))
          .add(part.square().sum([1]).unsqueeze(1));
        const [values, places] = far.neg().topk(k, 1);
        const [near, which] = [values.neg().clamp(0).sqrt().toNumbers(), places.toNumbers()];
        for (let n = 0; n < part.shape[0]!; n++) {
          const own = Array.from({ length: k }, (_, j) => [which[n * k + j]!, near[n * k + j]!] as const);
          // Of copies any may come first; UMAP wants the row itself there.
          const ordered = [[at + n, 0] as const, ...own.filter(([row]) => row !== at + n).slice(0, k - 1)];
          indices.push(ordered.map(([row]) => row));
          distances.push(ordered.map(([, distance]) => distance));
        }
      });
    }
    return { indices, distances };
  });
}

/** For each row of `features` the place between those of the most similar of `sample`. */
function between(sample: Tensor, features: Tensor, embedding: readonly number[][]): number[][] {
  const { k, indices, similarities } = nearest(sample, features, BETWEEN);
  return Array.from({ length: features.shape[0]! }, (_, n) => {
    let [x, y, sum] = [0, 0, 0];
    for (let j = 0; j < k; j++) {
      const at = n * k + j;
      const weight = Math.exp((similarities[at]! - similarities[n * k]!) / TEMPERATURE);
      const [u, v] = embedding[indices[at]!]!;
      [x, y, sum] = [x + weight * u!, y + weight * v!, sum + weight];
    }
    return [x / sum, y / sum];
  });
}
