// A trained encoder for programs: images in, numbers out. Reading, batching and freeing are its own affair.
import type { Tensor } from "@unlabel/torch";
import { UserError } from "../base/errors.ts";
import type { ImageSource } from "../base/native.ts";
import { wholeFromOne } from "../base/numbers.ts";
import type { Item, Split } from "../data/folder.ts";
import { type Input, PHOTOGRAPHS } from "../data/input.ts";
import type { ViewSpec } from "../data/views.ts";
import { Encoder } from "../encoders/encoder.ts";
import { openTrained, sizeFor } from "./evaluate.ts";
import { type EncoderSource, type Evaluated, openEvaluated } from "./evaluated.ts";
import { asRunReads } from "./own-pixels.ts";
import type { MachineOptions, settleMachine } from "./session.ts";

/**
 * A file's path, the bytes of an encoded image, or decoded pixels: red, green and blue, or as many channels as they say, which stand for
 * a file's bands. All are read as the run reads files.
 */
export type ImageInput = ImageSource;

/** Options of {@link LoadedEncoder.encode}. */
export interface EncodeOptions {
  /** One vector for each place of an image instead of one for the image. Default false. */
  tokens?: boolean;
  /** Images in the network at once. Default 64. */
  batch?: number;
  /** Ends it when aborted: the promise is rejected with its reason. */
  signal?: AbortSignal;
}

/** Options of {@link loadEncoder}. */
export interface LoadEncoderOptions extends Omit<MachineOptions, "stream" | "signal"> {
  /** Edge in pixels at which images are encoded: the centre of each, resized. Default as for evaluation. */
  size?: number | undefined;
}

/** What {@link LoadedEncoder} is made of. */
interface Parts {
  encoder: Encoder;
  view: Pick<ViewSpec, "size" | "mean" | "std"> & Evaluated["resize"];
  input: Input;
  machine: ReturnType<typeof settleMachine>;
  about: Pick<LoadedEncoder, "run" | "method" | "source" | "architecture" | "step" | "weightsAverage">;
  shape: Pick<LoadedEncoder, "grid" | "width">;
}

/** A frozen encoder. Free it by `using`, by `dispose`, or leave it to the garbage collector. */
export class LoadedEncoder implements Disposable {
  /** Where it comes from: a run directory, a file, a folder, `hub:ORG/NAME@COMMIT`. */
  readonly run: string;
  /** How it was trained: `simclr`, `mae`, …; null of weights from elsewhere. */
  readonly method: string | null;
  /** What is known of weights from elsewhere, their licence too; null of a run. */
  readonly source: EncoderSource | null;
  /** What it is: `resnet18`, `vit_tiny`, …. */
  readonly architecture: string;
  /** The training step that it was saved after. */
  readonly step: number;
  /** Decay of the momentum average that its weights are; null where they are those of that step. */
  readonly weightsAverage: number | null;
  /** Length of an image's features. */
  readonly dim: number;
  /** Length of the vector of one place; 0 for an encoder that gives features alone. */
  readonly width: number;
  /** Rows and columns of an image's places; 0 for an encoder that gives features alone. */
  readonly grid: readonly [height: number, width: number];
  /** Edge in pixels at which images are encoded. */
  readonly size: number;
  /** How samples become the network's input, as the run has it: images are read by it. */
  readonly input: Input;
  readonly #parts: Parts;
  #disposed = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.run = parts.about.run;
    this.method = parts.about.method;
    this.source = parts.about.source;
    this.architecture = parts.about.architecture;
    this.step = parts.about.step;
    this.weightsAverage = parts.about.weightsAverage;
    this.dim = parts.encoder.dim;
    this.width = parts.shape.width;
    this.grid = parts.shape.grid;
    this.size = parts.view.size;
    this.input = parts.input;
  }

  /**
   * Encodes images: each is cropped to its central square, resized to `size` and normalised as in training.
   *
   * @param images one, or any number of them; bytes and pixels must not change before the promise settles
   * @returns row-major, float32: `[N, dim]`, and with `tokens` `[N, h, w, width]` with `[h, w]` the `grid`
   * @throws {UserError} for an image that cannot be read, and which; after `dispose`; for `tokens` of an encoder without
   * @throws the reason of `signal`, once it is aborted
   */
  async encode(images: ImageInput | readonly ImageInput[], options: EncodeOptions = {}): Promise<Float32Array> {
    const { tokens = false, batch = 64, signal } = options;
    wholeFromOne("batch", batch);
    if (tokens && this.width === 0) {
      throw new UserError(`Expected an encoder with tokens, got ${this.architecture}, which gives features alone`);
    }
    const all: readonly ImageInput[] = isOne(images) ? [images] : images;
    const row = tokens ? this.grid[0] * this.grid[1] * this.width : this.dim;
    const out = new Float32Array(all.length * row);
    if (all.length === 0) return out;
    const split = splitOf(all, this.input);
    let done = 0;
    const onSkip = ({ path, reason }: { path: string; reason: string }) => {
      throw new UserError(`Expected images that can be read, got ${path}: ${reason}`);
    };
    for await (const { values, count } of this.#vectors(split, { tokens, batch, signal, onSkip })) {
      out.set(values, done * row);
      done += count;
    }
    return out;
  }

  /**
   * Features of a split's images as {@link encode} gives them, in its order, without those that cannot be read.
   *
   * @returns row-major, float32 `[N, dim]`, and the label of each, −1 where it has none
   */
  async encodeSplit(split: Split, signal?: AbortSignal): Promise<{ features: Float32Array; labels: Int32Array }> {
    const parts: { values: Float32Array; labels: Int32Array }[] = [];
    for await (const part of this.#vectors(split, { tokens: false, batch: 64, signal, onSkip: () => {} }))
      parts.push(part);
    const features = new Float32Array(parts.reduce((sum, { values }) => sum + values.length, 0));
    const labels = new Int32Array(features.length / this.dim);
    let done = 0;
    for (const part of parts) {
      features.set(part.values, done * this.dim);
      labels.set(part.labels, done);
      done += part.labels.length;
    }
    return { features, labels };
  }

  async *#vectors(
    split: Split,
    {
      tokens,
      batch,
      signal,
      onSkip,
    }: Required<Pick<EncodeOptions, "tokens" | "batch">> & {
      signal: AbortSignal | undefined;
      onSkip: (skipped: { path: string; reason: string }) => void;
    },
  ): AsyncGenerator<{ values: Float32Array; labels: Int32Array; count: number }> {
    const [{ evalBatches }, { autocast, noGrad, scope }] = await Promise.all([
      import("../data/eval-batches.ts"),
      import("@unlabel/torch"),
    ]);
    const { encoder, view, machine } = this.#parts;
    const vectors = (x: Tensor) => (tokens ? encoder.tokens(x).tokens : encoder.features(x));
    for await (const found of evalBatches(split, view.size, {
      ...{ fraction: 1, ...view, batch, device: machine.device, reader: machine.reader, onSkip },
    })) {
      using input = found.images;
      signal?.throwIfAborted();
      if (this.#disposed) throw new UserError("Expected an encoder that is not disposed of, got one that is");
      const values = noGrad(() =>
        scope(() =>
          autocast({ device: machine.device, enabled: machine.precision === "bf16" }, () => vectors(input))
            .to({ dtype: "float32", device: "cpu" })
            .contiguous()
            .toArray(),
        ),
      );
      if (!(values instanceof Float32Array)) throw new TypeError("Expected float32 features");
      yield { values, labels: found.labels, count: found.indices.length };
    }
  }

  /** Frees its weights; a second time does nothing. */
  dispose(): void {
    if (!this.#disposed) this.#parts.encoder.dispose();
    this.#disposed = true;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * The encoder of a run's newest whole checkpoint, frozen; where the run keeps an average of its weights (`weights_average`), with that. Or
 * one off the shelf, which sees images as its own config says.
 *
 * @param run a run directory, a file of weights, a folder of timm's or transformers', or `hub:ORG/NAME[@REVISION]`
 * @throws {UserError} where there is no checkpoint, or none that is whole; where weights are of no encoder that is known
 */
export async function loadEncoder(run: string, options: LoadEncoderOptions = {}): Promise<LoadedEncoder> {
  using one = await openEvaluated(run, openTrained, options.size);
  const { config } = one;
  const size = sizeFor(config, options.size);
  const [{ trainedOf }, { foldedFor }, { settleMachine }, { nn, noGrad, scope, zeros }] = await Promise.all([
    import("./baselines.ts"),
    import("./features.ts"),
    import("./session.ts"),
    import("@unlabel/torch"),
  ]);
  // Files may have changed by the next time that they are encoded: none is kept.
  const machine = settleMachine(options, { cacheBytes: 0 });
  const { method, step, weightsAverage } = trainedOf(one);
  const own = method.encoder;
  own.eval().to({ device: machine.device, memoryFormat: "channels_last" });
  const folded = foldedFor(own, machine.precision);
  const encoder = folded ?? own;
  const kept = new Set(folded ? [] : Object.values(own.stateDict()));
  // A method has heads beside the encoder.
  const whole = method instanceof nn.Module ? method : own;
  for (const tensor of Object.values(whole.stateDict())) if (!kept.has(tensor)) tensor.dispose();
  // One empty image tells the shape of its places.
  const shape = noGrad(() =>
    scope((): Parts["shape"] => {
      if (encoder.tokens === Encoder.prototype.tokens) return { grid: [0, 0], width: 0 };
      const { tokens, grid } = encoder.tokens(zeros([1, config.channels, size, size], { device: machine.device }));
      return { grid, width: tokens.shape[2]! };
    }),
  );
  const about = {
    run: one.path,
    method: one.run?.info.method ?? null,
    source: one.source,
    architecture: config.encoder,
    step,
    weightsAverage,
  };
  const view = { size, mean: config.mean, std: config.std, ...one.resize };
  const { channels } = config;
  const input = one.input ?? (channels === 3 ? PHOTOGRAPHS : { ...PHOTOGRAPHS, channels });
  return new LoadedEncoder({ encoder, view, input, machine, about, shape });
}

function isOne(images: ImageInput | readonly ImageInput[]): images is ImageInput {
  return !Array.isArray(images);
}

/** Images as a split, each named by its path or its place. */
function splitOf(images: readonly ImageInput[], input: Input): Split {
  const name = (image: ImageInput, at: number) => (typeof image === "string" ? image : `image ${at}`);
  const items = images.map((image, at) => ({ path: name(image, at), label: -1 }));
  const places = new Map(items.map((item, at) => [item, at] as const));
  const load = async (some: readonly Item[]) =>
    some.map((item) => {
      const image = images[places.get(item)!]!;
      return typeof image === "string" || image instanceof Uint8Array ? image : asRunReads(image, input);
    });
  return { name: "val", root: "", items, input, load };
}
