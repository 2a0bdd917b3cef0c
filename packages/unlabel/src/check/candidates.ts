// Pairs of images that may be alike, each once, the nearest first. As numbers: of a film's million frames there are eight million pairs.
import { UserError } from "../base/errors.ts";

/** Distances are less. */
const DISTANCES = 16;
/** Beyond, a pair with its distance is no whole number that can be told from the next. */
export const MOST_IMAGES = Math.floor(Math.sqrt(Number.MAX_SAFE_INTEGER / DISTANCES / 2));

/** See the head of this file. */
export class Candidates {
  readonly #images: number;
  #keys = new Float64Array(1024);
  #count = 0;

  /** @throws {UserError} where there are more images than pairs could be told apart of */
  constructor(images: number) {
    if (images > MOST_IMAGES)
      throw new UserError(
        `Expected at most ${MOST_IMAGES} images to look for copies among, got ${images}; check parts of them`,
      );
    this.#images = images;
  }

  /** That `other` was found near `image`; of a pair that is found from both sides the distance from the later one counts. */
  add(image: number, other: number, distance: number): void {
    const [a, b] = [Math.min(image, other), Math.max(image, other)];
    if (this.#count === this.#keys.length) {
      const longer = new Float64Array(2 * this.#count);
      longer.set(this.#keys);
      this.#keys = longer;
    }
    this.#keys[this.#count++] = ((a * this.#images + b) * 2 + Number(image === b)) * DISTANCES + distance;
  }

  /** By distance, then by number; nothing may be added any more. */
  sorted(): { count: number; at(k: number): { a: number; b: number } } {
    const found = this.#keys.subarray(0, this.#count).sort();
    const images = this.#images;
    const pairs = images * images;
    const pairOf = (key: number) => Math.floor(key / DISTANCES / 2);
    let count = 0;
    for (let k = 0; k < found.length; k++) {
      // The last of a pair is that from the later side, where there is one.
      if (k + 1 < found.length && pairOf(found[k + 1]!) === pairOf(found[k]!)) continue;
      found[count++] = (found[k]! % DISTANCES) * pairs + pairOf(found[k]!);
    }
    const kept = found.subarray(0, count).sort();
    return {
      count,
      at(k) {
        const pair = kept[k]! % pairs;
        return { a: Math.floor(pair / images), b: pair % images };
      },
    };
  }
}
