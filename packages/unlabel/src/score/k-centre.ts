// Coverage: the image that is farthest from all that were taken, again and again; greedy k-centre (Gonzalez, 1985), within twice of
// the best. Sener and Savarese (arXiv:1708.00489) choose what to label by it.

/** Features of the same images by one encoder. */
export interface Space {
  /** float32 `[N · dim]`, on a scale that may be added to that of other spaces. */
  x: Float32Array;
  /** Numbers an image. */
  dim: number;
}

/** Distances of all images to the nearest of those that were taken; the last taken can be given back. */
export class Coverage {
  readonly #spaces: readonly Space[];
  /** Squared distances before each image was taken; the last entry is how they are now. */
  readonly #distances: Float32Array[];

  /** @param count N, the number of images in every space; distances in several are added */
  constructor(spaces: readonly Space[], count: number) {
    this.#spaces = spaces;
    this.#distances = [new Float32Array(count).fill(Number.POSITIVE_INFINITY)];
  }

  /** Takes an image. */
  push(image: number): void {
    const nearest = Float32Array.from(this.#distances.at(-1)!);
    const sums = new Float32Array(nearest.length);
    for (const { x, dim } of this.#spaces) {
      const from = image * dim;
      for (let other = 0, at = 0; other < sums.length; other++) {
        let sum = 0;
        for (let i = from; i < from + dim; i++, at++) sum += (x[at]! - x[i]!) ** 2;
        sums[other]! += sum;
      }
    }
    for (const [other, sum] of sums.entries()) nearest[other] = Math.min(nearest[other]!, sum);
    this.#distances.push(nearest);
  }

  /** Gives the last one back. */
  pop(): void {
    if (this.#distances.length > 1) this.#distances.pop();
  }

  /** The farthest image of which `free` is true, of equal ones the first; −1 where there is none. */
  farthest(free: (image: number) => boolean): number {
    const distances = this.#distances.at(-1)!;
    let best = -1;
    for (let image = 0; image < distances.length; image++) {
      if (free(image) && (best < 0 || distances[image]! > distances[best]!)) best = image;
    }
    return best;
  }
}
