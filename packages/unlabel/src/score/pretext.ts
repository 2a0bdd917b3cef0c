// Pretext probes: how much a linear layer reads off frozen features of what was done to an image. The rotation of an image follows
// supervised accuracy in "Evaluating self-supervised pretraining without using labels" (Reed et al., arXiv:2009.07724).
import { fromTypedArray, noGrad, scope, type Tensor } from "@unlabel/torch";
import { Rng } from "../base/rng.ts";
import { type Told, unusable } from "./told.ts";

/** λ of the ridge, beside the mean of squares: features are standardised, so that it is a tenth of each one's variance. */
const PENALTY = 0.1;

/**
 * Whether a linear classifier names the class of each row, fitted on the rows of other images: groups are drawn into two halves, each is
 * predicted by a classifier fitted on the other. Ridge regression on ±1 (scikit-learn's `RidgeClassifier` with α = 0.1·N) of features
 * standardised on the half fitted; the literature fits a softmax by SGD, which here would be one rate too many to choose.
 *
 * @param features `[R, d]`
 * @param labels of each row, from 0 to `classes` − 1, `[R]`
 * @param groups what each row is a part of, `[R]`: rows of one image, or of one file, stay together
 * @param seed of the halves
 * @returns 1 where a row's class was named, else 0, `[R]`; words where {@link unusable}, or where there are fewer than 4 groups
 */
export function linearPrediction(
  features: Tensor,
  labels: Int32Array,
  groups: ArrayLike<number>,
  classes: number,
  seed: number,
): Told<Float64Array> {
  const bad = unusable(features);
  if (bad) return bad;
  const numbers = [...new Set(Array.from(groups))];
  if (numbers.length < 4)
    return { refused: `${numbers.length} images are too few to fit on one half and ask the other` };
  const first = new Set(drawHalf(numbers, seed));
  const rows = [true, false].map((half) =>
    Array.from(labels.keys()).filter((row) => first.has(groups[row]!) === half),
  ) as [number[], number[]];
  const hits = new Float64Array(labels.length);
  noGrad(() =>
    scope(() => {
      const x = features.to({ dtype: "float64", device: "cpu" });
      const scaled = x.div(x.abs().amax());
      for (const [fit, ask] of [rows, rows.toReversed()] as [number[], number[]][]) {
        const predicted = predict(scaled, labels, fit, ask, classes);
        for (const [i, row] of ask.entries()) hits[row] = Number(predicted[i] === labels[row]);
      }
    }),
  );
  return hits;
}

/** Half of some numbers, drawn by `seed`. */
export function drawHalf(numbers: readonly number[], seed: number): number[] {
  const pool = [...numbers];
  const rng = new Rng(seed, "halves");
  const half = pool.length >> 1;
  for (let i = 0; i < half; i++) {
    const j = i + rng.below(pool.length - i);
    [pool[i], pool[j]] = [pool[j]!, pool[i]!];
  }
  return pool.slice(0, half);
}

function predict(x: Tensor, labels: Int32Array, fit: number[], ask: number[], classes: number): number[] {
  return scope(() => {
    const pick = (rows: number[]) => x.indexSelect(0, fromTypedArray(Int32Array.from(rows)));
    const known = pick(fit);
    const mean = known.mean(0, true);
    // What does not vary says nothing; a tiny deviation is not blown up.
    const deviation = known.var(0, { correction: 0, keepdim: true }).sqrt();
    const scale = deviation.clamp(1e-6 * Math.max(deviation.amax().item(), Number.MIN_VALUE));
    const [a, b] = [known.sub(mean).div(scale), pick(ask).sub(mean).div(scale)];
    const signs = new Float64Array(fit.length * classes).fill(-1);
    for (const [i, row] of fit.entries()) signs[i * classes + labels[row]!] = 1;
    const y = fromTypedArray(signs, [fit.length, classes]);
    const intercept = y.mean(0, true);
    const centred = y.sub(intercept);
    const n = fit.length;
    const d = a.shape[1]!;
    // W = (AᵀA + λN)⁻¹ Aᵀ Y = Aᵀ (AAᵀ + λN)⁻¹ Y: the smaller of the two is solved.
    const [values, vectors] = (n < d ? a.mm(a.t()) : a.t().mm(a)).linalgEigh();
    const inverse = (right: Tensor) =>
      vectors.mm(
        vectors
          .t()
          .mm(right)
          .div(
            values
              .clamp(0)
              .add(PENALTY * n)
              .unsqueeze(1),
          ),
      );
    const weight = n < d ? a.t().mm(inverse(centred)) : inverse(a.t().mm(centred));
    return b.mm(weight).add(intercept).argmax(1).toNumbers();
  });
}
