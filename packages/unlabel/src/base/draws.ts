// Random numbers of a training step: each is a function of (seed, step, place in the global batch) and of the stream's name, so
// that micro-batches, recomputed activations, resumed runs and several ranks draw the same.
import { type ArrayOnItsWay, fromTypedArray, fromTypedArrays, type Tensor } from "@unlabel/torch";
import { Rng } from "./rng.ts";

/**
 * Uniform random numbers of one training step, the same for the same seed, step, image and name, however the batch is
 * cut.
 */
export class Draws {
  readonly #seed: number;
  readonly #step: number;
  readonly #places: Int32Array;
  readonly #device: string;

  /**
   * @param seed the run's
   * @param step the step's number, from 1
   * @param places of the images in the global batch, in the order in which the views hold them
   * @param device where the numbers are needed
   */
  constructor(seed: number, step: number, places: Int32Array, device = "cpu") {
    this.#seed = seed;
    this.#step = step;
    this.#places = places;
    this.#device = device;
  }

  /** How many images draw. */
  get images(): number {
    return this.#places.length;
  }

  /** Those of the `size` images after the first `start`. */
  narrow(start: number, size: number): Draws {
    return new Draws(this.#seed, this.#step, this.#places.subarray(start, start + size), this.#device);
  }

  /** Those of all images of the global batch, in order. */
  ofBatch(images: number): Draws {
    return new Draws(
      this.#seed,
      this.#step,
      Int32Array.from({ length: images }, (_, place) => place),
      this.#device,
    );
  }

  /**
   * A generator for what all images of the step have in common, such as the directions of a loss: the same however the batch is cut.
   *
   * @param stream what the numbers are for, a name that {@link uniform} and {@link each} are not asked for
   */
  shared(stream: string): Rng {
    return new Rng(this.#seed, stream, this.#step);
  }

  /** A generator for each image, in their order: for what cannot be said by a fixed count of numbers. @param stream as in {@link shared} */
  each(stream: string): Rng[] {
    return Array.from(this.#places, (place) => new Rng(this.#seed, stream, this.#step, place));
  }

  /** Numbers where they are needed, on the device of the step. */
  placed(values: Float32Array | BigInt64Array, shape: readonly number[]): Tensor {
    return fromTypedArray(values, [...shape], { device: this.#device });
  }

  /** Several arrays of numbers where they are needed: they go to the device in one copy. */
  placedTogether(arrays: readonly ArrayOnItsWay[]): Tensor[] {
    return fromTypedArrays(arrays, this.#device);
  }

  /**
   * Uniform in [0, 1), 24 bits: float32 `[views·B, columns]`, view-major as the views are.
   *
   * @param stream what the numbers are for; each purpose has a name of its own
   * @param views how many rows an image has
   */
  uniform(stream: string, columns: number, views = 1): Tensor {
    const shape = [views * this.#places.length, columns];
    return fromTypedArray(this.numbers(stream, columns, views), shape, { device: this.#device });
  }

  /** The numbers of {@link uniform} on the host, row by row: for what is decided there. */
  numbers(stream: string, columns: number, views = 1): Float32Array {
    const rows = views * this.#places.length;
    const values = new Float32Array(rows * columns);
    for (let row = 0; row < rows; row++) {
      const place = this.#places[row % this.#places.length]!;
      const rng = new Rng(this.#seed, stream, this.#step, place, Math.floor(row / this.#places.length));
      for (let i = 0; i < columns; i++) values[row * columns + i] = (rng.bits() >>> 8) / 0x1000000;
    }
    return values;
  }
}
