// What a look at the encoder finds: how its features are spread, how alike two views of an image are to it, and how well kNN
// tells classes apart by them.
import { cat, fromTypedArray, type Tensor } from "@unlabel/torch";
import type { ViewSpec } from "../data/views.ts";
import { nearest, vote } from "../score/knn.ts";
import { topK } from "../score/metrics.ts";
import { alignmentOf, spreadOf } from "../score/spread.ts";

/** The numbers that a look adds to a step's row. */
export type Look = { [name: `${string}/${string}`]: number };

/** Few neighbours, since the bank is small. */
const KNN = { k: 10, temperature: 0.07 };

/**
 * How features are spread over images, or that they are no numbers.
 *
 * @param encoded `[N, d]`
 * @param pair gives features of first and second views of some images, `[2·M, d]`; null where a method has no two views of one size
 */
export function measure(encoded: Tensor, pair: (() => Tensor) | null): Look {
  const images = encoded.shape[0]!;
  const broken = images - encoded.sum([1]).isfinite().sum().item();
  if (broken > 0) return { "health/not_finite": broken };
  const { std, rank, uniformity } = spreadOf(encoded);
  return {
    "health/std": std,
    "health/rank": rank,
    "health/uniformity": uniformity,
    ...(pair && { "health/alignment": alignmentOf(pair()) }),
    "health/images": images,
  };
}

/**
 * kNN accuracy on every third labelled image, by the labels of the others; nothing where there are too few.
 *
 * @param encoded `[N, d]`
 * @param labels of at least N images, −1 for those without a class
 * @param files the file that each is a part of, where several are of one: then every third file asks, and none of its own parts votes
 */
export function voteOf(encoded: Tensor, labels: Int32Array, classes: number, files?: Int32Array): Look {
  if (encoded.isfinite().all().item() !== 1) return {};
  const rows = [...labels.subarray(0, encoded.shape[0]!).keys()].filter((i) => labels[i]! >= 0);
  const numbers = new Map<number, number>();
  if (files) for (const row of rows) if (!numbers.has(files[row]!)) numbers.set(files[row]!, numbers.size);
  const asks = (row: number, i: number) => (files ? numbers.get(files[row]!)! : i) % 3 === 0;
  const [queries, bank] = [rows.filter(asks), rows.filter((row, i) => !asks(row, i))];
  if (queries.length === 0 || bank.length === 0) return {};
  const pick = (at: number[]) => Int32Array.from(at, (i) => labels[i]!);
  const of = (at: number[]) =>
    encoded.indexSelect(0, fromTypedArray(Int32Array.from(at), undefined, { device: encoded.device }));
  const voted = vote(nearest(of(bank), of(queries), KNN.k), pick(bank), classes, KNN);
  return { "online/knn_top1": topK(voted, pick(queries), classes, 1) };
}

/** One of the views that a method asks for: the `view`th that `views[spec]` makes of an image. */
export interface ViewPlace {
  spec: number;
  view: number;
}

/** The first two views of an image that have one size, of one kind or two; null where a method makes no two such. */
export function twoViews(specs: readonly Pick<ViewSpec, "count" | "size">[]): [ViewPlace, ViewPlace] | null {
  const first = new Map<number, ViewPlace>();
  for (const [spec, { count, size }] of specs.entries()) {
    for (let view = 0; view < count; view++) {
      const other = first.get(size);
      if (other) return [other, { spec, view }];
      first.set(size, { spec, view });
    }
  }
  return null;
}

/**
 * Those two views of the first `count` images of a batch, `[2·count, C, S, S]`, view-major.
 *
 * @param views of the batch, one tensor a spec
 */
export function firstViews(
  views: readonly Tensor[],
  specs: readonly Pick<ViewSpec, "count">[],
  pair: readonly [ViewPlace, ViewPlace],
  count: number,
): Tensor {
  const of = ({ spec, view }: ViewPlace) => {
    const batch = views[spec]!.shape[0]! / specs[spec]!.count;
    return views[spec]!.narrow(0, view * batch, count);
  };
  return cat(pair.map(of), 0);
}
