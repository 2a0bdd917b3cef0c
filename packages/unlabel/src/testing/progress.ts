// How far a training has come, for tests that call a method's loss by hand.
import { rand, type Tensor } from "@unlabel/torch";
import { Draws } from "../base/draws.ts";
import type { LossOutput, StepProgress } from "../methods/method.ts";

const placesOf = (images: number) => Int32Array.from({ length: images }, (_, i) => i);

/** The first of 100 steps on so many images, or another one. */
export function stepOn(images: number, { step = 1, total = 100, seed = 0 } = {}): StepProgress {
  return { step, total, epoch: 1, draws: new Draws(seed, step, placesOf(images)) };
}

/** A loss whose readings are taken, as a step takes them at its end. */
export function told<Output extends Pick<LossOutput, "readings">>(output: Output): Output {
  for (const { values, take } of output.readings ?? []) {
    take(values.detach().to({ dtype: "float32" }).toArray() as Float32Array);
  }
  return output;
}

/** Numbers from LibTorch's generator, as PyTorch draws them: for fixtures that PyTorch made. */
export class GeneratorDraws extends Draws {
  readonly #images: number;

  constructor(images: number) {
    super(0, 1, placesOf(images));
    this.#images = images;
  }

  override uniform(_stream: string, columns: number, views = 1): Tensor {
    return rand([views * this.#images, columns]);
  }
}
