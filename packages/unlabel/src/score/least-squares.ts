// A linear classifier for a few dozen labels on frozen features: ridge regression onto the classes (one-hot), in its dual form, so that
// a label is added or taken back in a moment, and every label can be judged by the classifier of all others in closed form
// (Allen's PRESS residual: y − α / diag G⁻¹). Plain arrays: no engine is needed once images are encoded.
//
// With G = K + ρ·1 = L·Lᵀ, rows of Z = L⁻¹ and of Z·Y do not depend on later labels: adding appends a row to each, and taking back
// removes it, to the bit.

/** Features brought to mean 0 and variance 1 over all images, which takes no labels, and divided by √dim; float32 `[N · dim]`. */
export function standardised(features: Float32Array, dim: number): Float32Array {
  const count = features.length / dim;
  const out = new Float32Array(features.length);
  const [sums, squares] = [new Float64Array(dim), new Float64Array(dim)];
  for (let at = 0; at < features.length; at++) sums[at % dim]! += features[at]!;
  for (let at = 0; at < features.length; at++) squares[at % dim]! += (features[at]! - sums[at % dim]! / count) ** 2;
  for (let at = 0; at < features.length; at++) {
    const axis = at % dim;
    const mean = sums[axis]! / count;
    const deviation = Math.sqrt(squares[axis]! / count);
    // An axis that is the same everywhere tells nothing; rounding must not be blown up.
    const scale = deviation > 1e-6 * (Math.abs(mean) + 1e-6) ? 1 / deviation : 0;
    out[at] = ((features[at]! - mean) * scale) / Math.sqrt(dim);
  }
  return out;
}

/** The penalty ρ on squared weights, where the square of an image's features is 1 on average, and its constant feature 1. */
const PENALTY = 1;

/** See the head of this file. */
export class LeastSquares {
  readonly #x: Float32Array;
  readonly #dim: number;
  readonly #images: number[] = [];
  readonly #labels: number[] = [];
  readonly #places = new Map<number, number>();
  /** How many labels each class has. */
  readonly #counts: number[] = [];
  readonly #z: Float64Array[] = [];
  /** Row i of Z·Y, of the classes that there were. */
  readonly #zy: Float64Array[] = [];
  #fit: { alpha: Float64Array; diagonal: Float64Array; classes: number } | null = null;

  /** @param x standardised features `[N · dim]`; see {@link standardised} */
  constructor(x: Float32Array, dim: number) {
    this.#x = x;
    this.#dim = dim;
  }

  /** Learns that an image is of a class, a whole number from 0. */
  push(image: number, label: number): void {
    const n = this.#images.length;
    const kernel = Float64Array.from(this.#images, (other) => this.#kernel(image, other));
    const row = new Float64Array(n + 1);
    let rest = this.#kernel(image, image) + PENALTY;
    for (let i = 0; i < n; i++) {
      const z = this.#z[i]!;
      let l = 0;
      for (let j = 0; j <= i; j++) l += z[j]! * kernel[j]!;
      rest -= l * l;
      for (let j = 0; j <= i; j++) row[j]! -= l * z[j]!;
    }
    // No less than the penalty but for rounding.
    const pivot = Math.sqrt(Math.max(rest, PENALTY / 2));
    for (let j = 0; j < n; j++) row[j]! /= pivot;
    row[n] = 1 / pivot;
    this.#z.push(row);
    this.#images.push(image);
    this.#labels.push(label);
    this.#places.set(image, n);
    while (this.#counts.length <= label) this.#counts.push(0);
    this.#counts[label]!++;
    const sums = new Float64Array(this.#counts.length);
    for (let j = 0; j <= n; j++) sums[this.#labels[j]!]! += row[j]!;
    this.#zy.push(sums);
    this.#fit = null;
  }

  /** Forgets the last label; everything is as it was before it. */
  pop(): void {
    const image = this.#images.pop();
    if (image === undefined) return;
    this.#places.delete(image);
    this.#counts[this.#labels.pop()!]!--;
    while (this.#counts.at(-1) === 0) this.#counts.pop();
    this.#z.pop();
    this.#zy.pop();
    this.#fit = null;
  }

  /** The class of an image by the labels of all others; −1 where there are none. Of equal scores the class of the lower number. */
  guess(image: number): number {
    const place = this.#places.get(image);
    if (this.#images.length === (place === undefined ? 0 : 1)) return -1;
    const { alpha, diagonal, classes } = this.#solved();
    const scores = new Float64Array(classes);
    if (place === undefined) {
      for (const [j, other] of this.#images.entries()) {
        const similarity = this.#kernel(image, other);
        for (let c = 0; c < classes; c++) scores[c]! += similarity * alpha[j * classes + c]!;
      }
    } else {
      for (let c = 0; c < classes; c++) {
        const truth = Number(this.#labels[place] === c);
        scores[c] = truth - alpha[place * classes + c]! / diagonal[place]!;
      }
    }
    const own = place === undefined ? -1 : this.#labels[place]!;
    let best = -1;
    for (let c = 0; c < classes; c++) {
      // A class of which no other image has been seen is no guess.
      if (this.#counts[c]! - Number(c === own) === 0) continue;
      if (best < 0 || scores[c]! > scores[best]!) best = c;
    }
    return best;
  }

  #solved() {
    if (this.#fit) return this.#fit;
    const [n, classes] = [this.#images.length, this.#counts.length];
    const alpha = new Float64Array(n * classes);
    const diagonal = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      const [z, zy] = [this.#z[i]!, this.#zy[i]!];
      for (let j = 0; j <= i; j++) {
        const weight = z[j]!;
        diagonal[j]! += weight * weight;
        for (let c = 0; c < zy.length; c++) alpha[j * classes + c]! += weight * zy[c]!;
      }
    }
    this.#fit = { alpha, diagonal, classes };
    return this.#fit;
  }

  #kernel(a: number, b: number): number {
    const [x, dim] = [this.#x, this.#dim];
    let [sum, i, j] = [1, a * dim, b * dim];
    for (const end = i + dim; i < end; i++, j++) sum += x[i]! * x[j]!;
    return sum;
  }
}
