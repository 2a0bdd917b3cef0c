// Alignment and uniformity (Wang & Isola, arXiv:2005.10242) with intervals, and how close two views of an image are beside two images.
import { fromTypedArray, noGrad, scope, type Tensor } from "@unlabel/torch";
import type { Interval } from "../run/evaluations.ts";
import { type Resampling, type Rounds, roundsOf } from "./bootstrap.ts";
import { type Told, unitRows, unusable } from "./told.ts";

/**
 * |x − y|² of each image's two views, on features of length 1: from 0 to 4, less is better; their mean is the paper's alignment, α = 2.
 *
 * @param first `[N, d]`
 * @param second `[N, d]`, in the same order
 * @returns words where {@link unusable}: of a collapsed encoder all views lie together
 */
export function alignments(first: Tensor, second: Tensor): Told<Float64Array> {
  return (
    unusable(first) ??
    unusable(second) ??
    noGrad(() => scope(() => unitRows(first).sub(unitRows(second)).square().sum(1).toArray() as Float64Array))
  );
}

/**
 * How far apart two views of one image lie beside views of two images: the mean of |x − y|² over the former over that of the latter. 0:
 * views of an image are one to the encoder; 1: it does not know them as one.
 *
 * @param first `[N, d]`
 * @param second `[N, d]`, in the same order
 * @returns words where {@link unusable}
 */
export function alignmentRatio(first: Tensor, second: Tensor): Told<number> {
  return (
    unusable(first) ??
    unusable(second) ??
    noGrad(() =>
      scope(() => {
        const [a, b] = [unitRows(first), unitRows(second)];
        const count = a.shape[0]!;
        const same = a.sub(b).square().sum().item();
        // Σ over all pairs of |x − y|², of which those of one image are taken away.
        const squares = a.square().sum().item() + b.square().sum().item();
        const all = count * squares - 2 * a.sum(0).mul(b.sum(0)).sum().item();
        return same / count / ((all - same) / (count * (count - 1)));
      }),
    )
  );
}

/**
 * {@link alignmentRatio} with its 95 % interval by bootstrap over images; an image that is drawn twice makes no pair of two images.
 *
 * @param first `[N, d]`
 * @param second `[N, d]`, in the same order
 * @param seed of the bootstrap's draws of images
 * @returns words where {@link unusable}
 */
export function alignmentRatioWithin(
  first: Tensor,
  second: Tensor,
  seed: number,
  resampling: Resampling = {},
): Told<{ value: number; interval: Interval }> {
  const bad = unusable(first) ?? unusable(second);
  if (bad) return bad;
  const count = first.shape[0]!;
  return noGrad(() =>
    scope(() => {
      const [a, b] = [unitRows(first), unitRows(second)];
      const own = a.sub(b).square().sum(1);
      const lengths = a.square().sum(1).add(b.square().sum(1));
      const of = ({ times, rounds }: Rounds) => {
        const drawn = fromTypedArray(Float64Array.from(times), [rounds, count]);
        const totals = drawn.sum(1);
        const same = drawn.mul(own).sum(1);
        const all = totals.mul(drawn.mul(lengths).sum(1)).sub(drawn.mm(a).mul(drawn.mm(b)).sum(1).mul(2));
        const squares = drawn.square();
        const others = all.sub(squares.mul(own).sum(1));
        const pairs = totals.square().sub(squares.sum(1));
        const ratios = same.div(totals).div(others.div(pairs)).toNumbers();
        // Of a draw of one image alone there are no two, and rounding alone stands where their distance would.
        const counts = pairs.toNumbers();
        return ratios.map((ratio, r) => (counts[r]! > 0 && Number.isFinite(ratio) ? ratio : 1));
      };
      const [value] = of({ times: new Uint8Array(count).fill(1), rounds: 1 });
      return { value: value!, interval: roundsOf(count, seed, resampling, of) };
    }),
  );
}

/**
 * ln of the mean over pairs of images of exp(−2·|x − y|²), on features of length 1: from −4 (no encoder reaches it) to 0, less is better
 * spread over the sphere. The paper's uniformity, t = 2; pairs of an image with itself do not count, also where a resample draws it twice.
 *
 * @param features `[N, d]`
 * @param seed of the bootstrap's draws of images
 * @returns words where {@link unusable}
 */
export function uniformity(
  features: Tensor,
  seed: number,
  resampling: Resampling = {},
): Told<{ value: number; interval: Interval }> {
  const bad = unusable(features);
  if (bad) return bad;
  const count = features.shape[0]!;
  return noGrad(() =>
    scope(() => {
      const unit = unitRows(features);
      const near = unit.mm(unit.t()).mul(4).sub(4).exp().fillDiagonal_(0).to({ dtype: "float32" });
      const of = ({ times, rounds }: Rounds) => {
        const drawn = fromTypedArray(Float32Array.from(times), [rounds, count]);
        const sums = drawn.mm(near).mul(drawn).sum(1).toNumbers();
        const squares = drawn.square().sum(1).toNumbers();
        const totals = drawn.sum(1).toNumbers();
        return sums.map((sum, r) => {
          const pairs = totals[r]! ** 2 - squares[r]!;
          // A draw of one image alone has none.
          return pairs > 0 ? Math.log(Math.max(sum, Number.MIN_VALUE) / pairs) : 0;
        });
      };
      const [value] = of({ times: new Uint8Array(count).fill(1), rounds: 1 });
      return { value: value!, interval: roundsOf(count, seed, resampling, of) };
    }),
  );
}
