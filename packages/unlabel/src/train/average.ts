// A momentum average of the encoder's weights, which evaluation sees instead of the last step's: what the last steps jump about
// averages out (Polyak and Juditsky 1992; as exponential average with a warm-up in TensorFlow's ExponentialMovingAverage).
// Deliberate difference: BatchNorm's running statistics are averaged too, so that they fit the averaged weights.
import { _foreachCopy_, _foreachLerp_, keep, noGrad, scope, type Tensor, TorchError } from "@unlabel/torch";
import { UserError } from "../base/errors.ts";
import type { Config } from "../config/common.ts";
import type { Method } from "../methods/method.ts";

/** What the names of averaged tensors begin with in a checkpoint; the encoder's name of the tensor follows. */
const PREFIX = "encoder_average.";

/** The average that `weights_average` asks for, of the weights that the encoder of `method` has now; null where it asks for none. */
export function averageOf({ weights_average: decay, method: name }: Config, method: Method): WeightsAverage | null {
  if (decay === null) return null;
  const taken = [...method.namedTensors()].find(([tensor]) => tensor.startsWith(PREFIX));
  if (taken) {
    throw new UserError(
      `Expected a method without a field encoder_average, since its checkpoints have the averaged weights under that name, got ${taken[0]} in ${name}; rename the field, or leave out weights_average`,
    );
  }
  return new WeightsAverage(method, decay);
}

/** The tensors of a checkpoint's weights: the method's own, and the averaged ones by the encoder's names. */
export function splitAverage(tensors: Record<string, Tensor>): Record<"own" | "average", Record<string, Tensor>> {
  const [own, average]: [Record<string, Tensor>, Record<string, Tensor>] = [{}, {}];
  for (const [name, tensor] of Object.entries(tensors)) {
    if (name.startsWith(PREFIX)) average[name.slice(PREFIX.length)] = tensor;
    else own[name] = tensor;
  }
  return { own, average };
}

/** `a ← d·a + (1 − d)·w` after every step, for all of an encoder's tensors. */
export class WeightsAverage implements Disposable {
  readonly #decay: number;
  /** By the encoder's names: the average, and what it follows. */
  readonly #pairs: Map<string, { own: Tensor; theirs: Tensor }>;
  readonly #moving: { own: Tensor[]; theirs: Tensor[] };
  readonly #counted: { own: Tensor[]; theirs: Tensor[] };

  /**
   * Begins with what the encoder of `method` holds.
   *
   * @param decay d, between 0 (the average becomes the weights) and 1 (it stays)
   */
  constructor({ encoder }: Pick<Method, "encoder">, decay: number) {
    this.#decay = decay;
    const copy = (tensor: Tensor) => scope(() => noGrad(() => keep(tensor.detach().clone())));
    // A tensor that stands under two names is one tensor in the average, too.
    const copies = new Map([...new Set(Object.values(encoder.stateDict()))].map((theirs) => [theirs, copy(theirs)]));
    this.#pairs = new Map(
      Object.entries(encoder.stateDict()).map(([name, theirs]) => [name, { own: copies.get(theirs)!, theirs }]),
    );
    const some = (floating: boolean) => {
      const chosen = [...copies].filter(([theirs]) => /float/.test(theirs.dtype) === floating);
      return { own: chosen.map(([, own]) => own), theirs: chosen.map(([theirs]) => theirs) };
    };
    this.#moving = some(true);
    this.#counted = some(false);
  }

  /**
   * Moves towards the weights as a step has left them, by `d = min(decay, (1 + t) / (10 + t))`: early weights, which are far from
   * the later ones, are soon forgotten. What is counted in whole numbers is copied.
   *
   * @param step t, from 1
   */
  follow(step: number): void {
    const decay = Math.min(this.#decay, (1 + step) / (10 + step));
    const { own, theirs } = this.#moving;
    noGrad(() => {
      _foreachLerp_(own, theirs, 1 - decay);
      if (this.#counted.own.length > 0) _foreachCopy_(this.#counted.own, this.#counted.theirs);
    });
  }

  /** Calls with the averaged values in the encoder's place, and puts its own back. Nothing may train meanwhile. */
  lend<T>(body: () => T): T {
    const { own, theirs } = this.#moving;
    const before = scope(() => noGrad(() => theirs.map((tensor) => keep(tensor.detach()))));
    try {
      for (const [i, tensor] of theirs.entries()) tensor.setData(own[i]!);
      return body();
    } finally {
      for (const [i, tensor] of theirs.entries()) tensor.setData(before[i]!);
      for (const tensor of before) tensor.dispose();
    }
  }

  /** The average as a checkpoint names it: the live tensors, not copies. */
  stateDict(): Record<string, Tensor> {
    return Object.fromEntries([...this.#pairs].map(([name, { own }]) => [PREFIX + name, own]));
  }

  /**
   * Copies a saved average in.
   *
   * @param saved by the encoder's names
   * @throws {TorchError} where it is another encoder's; nothing is changed then
   */
  loadStateDict(saved: Record<string, Tensor>): void {
    const shapes = (tensors: Iterable<readonly [string, Tensor]>) =>
      [...tensors].map(([name, { shape }]) => `${name} [${shape.join(", ")}]`);
    const wanted = shapes([...this.#pairs].map(([name, { own }]) => [name, own] as const));
    const found = shapes(Object.entries(saved));
    const [lacks, extra] = [wanted.find((one) => !found.includes(one)), found.find((one) => !wanted.includes(one))];
    if (lacks ?? extra) {
      const what = `${lacks ? `no ${lacks}` : ""}${lacks && extra ? " and " : ""}${extra ? `${extra} of another encoder` : ""}`;
      throw new TorchError(`Expected the averaged weights of the run's encoder, got ${what}`, "loadStateDict");
    }
    noGrad(() => {
      for (const [name, { own }] of this.#pairs) own.copy_(saved[name]!);
    });
  }

  [Symbol.dispose](): void {
    for (const { own } of this.#pairs.values()) own.dispose();
  }
}
