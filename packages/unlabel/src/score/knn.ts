// Weighted k nearest neighbours on frozen features, by cosine similarity, as in InstDisc (arXiv:1805.01978): what the features tell
// without any fitting. Neighbours are found once and serve the classifier, retrieval and the neighbour sheets.
import { noGrad, scope, type Tensor } from "@unlabel/torch";

/** How neighbours vote. */
export interface KnnSettings {
  /** Neighbours that vote; no more than there are images to vote. */
  k: number;
  /** τ of a vote's weight exp(similarity / τ). */
  temperature: number;
}

export const KNN: KnnSettings = { k: 20, temperature: 0.07 };

/** The nearest of a bank for each query, nearest first. */
export interface Neighbours {
  /** How many each query has. */
  k: number;
  /** Rows of the bank, `[N · k]`. */
  indices: Int32Array;
  /** Cosines, `[N · k]`. */
  similarities: Float32Array;
}

/** Similarities held at a time: 64 MB. */
const CHUNK = 1 << 24;

/**
 * Finds the `k` most similar rows of `bank` (or all, where it has fewer) for each row of `queries`.
 *
 * @param bank float32 `[M, D]`
 * @param queries float32 `[N, D]`
 * @param onQueries hears how many queries are done
 */
export function nearest(
  bank: Tensor,
  queries: Tensor,
  k: number,
  onQueries: (done: number) => void = () => {},
): Neighbours {
  const [size, count] = [bank.shape[0]!, queries.shape[0]!];
  const found = Math.min(k, size);
  const indices = new Int32Array(count * found);
  const similarities = new Float32Array(count * found);
  noGrad(() =>
    scope(() => {
      const keys = normalise(bank).t();
      const step = Math.max(1, Math.floor(CHUNK / size));
      for (let at = 0; at < count; at += step) {
        scope(() => {
          const part = normalise(queries.narrow(0, at, Math.min(step, count - at)));
          const [values, places] = part.mm(keys).topk(found, 1);
          similarities.set(values.toArray() as Float32Array, at * found);
          indices.set(places.to({ dtype: "int32" }).toArray() as Int32Array, at * found);
        });
        onQueries(Math.min(at + step, count));
      }
    }),
  );
  return { k: found, indices, similarities };
}

/**
 * The neighbours' votes for each class, `[N · C]` row-major: Σ exp(similarity / τ) over the `k` nearest of that class.
 * They are scaled so that each query's nearest neighbour counts 1, which keeps every temperature within a float's range. A class
 * that got no vote has −∞, which even the faintest vote is above, and is no guess.
 */
export function vote(
  { k: found, indices, similarities }: Neighbours,
  labels: Int32Array,
  classes: number,
  { k, temperature }: KnnSettings,
): Float32Array {
  const count = indices.length / found;
  const scores = new Float32Array(count * classes).fill(Number.NEGATIVE_INFINITY);
  for (let n = 0; n < count; n++) {
    for (let j = 0; j < Math.min(k, found); j++) {
      const at = n * found + j;
      const own = n * classes + labels[indices[at]!]!;
      const weight = Math.exp((similarities[at]! - similarities[n * found]!) / temperature);
      scores[own] = Math.max(0, scores[own]!) + weight;
    }
  }
  return scores;
}

/** Rows of length 1; rows of zeros stay. */
export function normalise(x: Tensor): Tensor {
  return scope(() => x.div(x.linalgVectorNorm(2, [1], true).clamp(1e-12)));
}
