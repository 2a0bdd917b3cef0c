// How many directions features use, from their spectrum: RankMe (Garrido et al., arXiv:2210.02885) and α-ReQ (Agrawal et al.,
// arXiv:2202.05808).
import { noGrad, scope, type Tensor } from "@unlabel/torch";
import { type Refusal, type Told, unusable } from "./told.ts";

/** Added to each share of RankMe, as in the paper. */
const EPSILON = 1e-7;

/**
 * RankMe: the effective rank of features, `exp(−Σ p·ln p)` with `p = σ / Σσ + 10⁻⁷` of their singular values σ; from 1 to d (a hair
 * above by the 10⁻⁷). Features are not centred, as in the paper; there they are of 25,600 training images, here of as many as are given,
 * so values of other N do not compare.
 *
 * @param features `[N, d]`
 * @returns words where N < 2·d, since the rank of fewer images follows N, and where {@link unusable}
 */
export function rankMe(features: Tensor): Told<number> {
  const bad = unusable(features) ?? tooFew(features);
  return bad ?? effectiveRank(singularValues(features));
}

/** `exp(−Σ p·ln p)` with `p = v / Σv + 10⁻⁷`, of values from 0 that are not all 0. */
export function effectiveRank(values: readonly number[]): number {
  const total = values.reduce((sum, value) => sum + value, 0);
  return Math.exp(
    -values.reduce((sum, value) => {
      const p = value / total + EPSILON;
      return sum + p * Math.log(p);
    }, 0),
  );
}

/** First and last place in the spectrum that the power law is fitted to; the last is at most half of the directions. */
const FIRST = 5;
const LAST = 100;

/**
 * α-ReQ: the exponent α of `λ_i ∝ i^−α`, the eigenvalues of the features' covariance in falling order. Near 1 the paper finds the best
 * features; large, few directions carry all; small, noise fills them all. Least squares of ln λ over ln i, each weighed by 1/i, over
 * i = 5 … min(100, d/2): the paper leaves the range open.
 *
 * @param features `[N, d]`
 * @returns words where N < 2·d, where d < 16, where the spectrum has no such tail, and where {@link unusable}
 */
export function alphaReq(features: Tensor): Told<number> {
  const bad = unusable(features) ?? tooFew(features);
  if (bad) return bad;
  const dim = features.shape[1]!;
  if (dim < 16) return { refused: `features have ${dim} dimensions, and a power law takes 16` };
  const eigenvalues = scope(() => {
    const x = features.to({ dtype: "float64", device: "cpu" });
    return singularValues(x.sub(x.mean(0, true))).map((value) => value ** 2);
  });
  return powerLawOf(eigenvalues);
}

/**
 * The exponent α of the power law nearest to `values` (falling, from 0) over their places 5 … min(100, half of them).
 *
 * @returns words where values there are 0 beside the largest, within what float32 holds
 */
export function powerLawOf(values: readonly number[]): Told<number> {
  const last = Math.min(LAST, Math.floor(values.length / 2));
  const tail = values.slice(FIRST - 1, last);
  if (!tail.every((value) => value > 1e-12 * values[0]!)) {
    return { refused: `features vary in fewer than ${last} directions: there is no tail to fit a power law to` };
  }
  let [weights, mx, my] = [0, 0, 0];
  const points = tail.map((value, k) => {
    const place = k + FIRST;
    const one = { weight: 1 / place, x: Math.log(place), y: Math.log(value) };
    weights += one.weight;
    mx += one.weight * one.x;
    my += one.weight * one.y;
    return one;
  });
  [mx, my] = [mx / weights, my / weights];
  let [cov, square] = [0, 0];
  for (const { weight, x, y } of points) {
    cov += weight * (x - mx) * (y - my);
    square += weight * (x - mx) ** 2;
  }
  return -cov / square;
}

/** Singular values of a matrix, falling, in float64: roots of the eigenvalues of the smaller Gram matrix. @param features `[N, d]` */
export function singularValues(features: Tensor): number[] {
  return noGrad(() =>
    scope(() => {
      const x = features.to({ dtype: "float64", device: "cpu" });
      const largest = x.abs().amax().item() || 1;
      const unit = x.div(largest);
      const [n, d] = unit.shape as [number, number];
      const gram = n < d ? unit.mm(unit.t()) : unit.t().mm(unit);
      const [values] = gram.linalgEigh();
      return values
        .toNumbers()
        .map((value) => largest * Math.sqrt(Math.max(0, value)))
        .reverse();
    }),
  );
}

function tooFew(features: Tensor): Refusal | null {
  const [n, d] = features.shape as [number, number];
  return n >= 2 * d ? null : { refused: `${n} images are fewer than twice the ${d} dimensions` };
}
