// Sequential: layers one after the other, under the names "0", "1", … in the state dict, as in PyTorch.
import type { Tensor } from "../tensor.ts";
import { Module } from "./module.ts";

/** Gives each layer's output to the next. Layers are fields by number: `net[0]`, `net.length`. */
export class Sequential<Layers extends readonly Module[] = Module[]> extends Module {
  [index: number]: Layers[number];
  readonly #length: number;

  constructor(...layers: Layers) {
    super();
    this.#length = layers.length;
    for (const [i, layer] of layers.entries()) this[i] = layer;
  }

  /** Number of layers. */
  get length(): number {
    return this.#length;
  }

  /** The layers in order. */
  *[Symbol.iterator](): Generator<Layers[number]> {
    for (let i = 0; i < this.#length; i++) yield this[i]!;
  }

  override forward(x: Tensor): Tensor {
    let out = x;
    for (const layer of this) out = layer.call(out);
    return out;
  }
}
