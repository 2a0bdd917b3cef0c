// A frozen encoder that a method learns from, which sees images as it was trained to: its own mean, deviation and size. It is no part of
// a method's state: what it is lies where it came from, and run.json knows it by its checksum.
import { type Device, fromTypedArrays, keep, noGrad, scope, type Tensor } from "@unlabel/torch";
import type { Encoder, Tokens } from "../../encoders/encoder.ts";
import { VisionTransformer } from "../../encoders/vit.ts";
import { resampled } from "./resampled.ts";

/** How images are prepared for a {@link Teacher}. */
export interface TeacherView {
  /** Edge in pixels of what it sees. */
  size: number;
  /** Of each of its channels, of values in [0, 1]. */
  mean: readonly number[];
  /** Likewise. */
  std: readonly number[];
}

/** What a {@link Teacher} makes of images, without gradients. */
export type Taught = Tokens & { features: Tensor };

/** Length of an encoder's tokens: of a map's places, that of its features. */
export function tokenWidth(encoder: Encoder): number {
  return encoder instanceof VisionTransformer ? encoder.width : encoder.dim;
}

/** Factor and summand of each channel that a teacher sees, `[1, C, 1, 1]`, and which of the views' channels these are where not all. */
interface Normalising {
  key: string;
  gain: Tensor;
  shift: Tensor;
  channels: Tensor | undefined;
}

/** See the head of this file. */
export class Teacher implements Disposable {
  /** In evaluation mode for good. */
  readonly encoder: Encoder;
  /** How it wants images. */
  readonly view: TeacherView;
  /** Length of a token. */
  readonly width: number;
  #last: Normalising | null = null;

  constructor(encoder: Encoder, view: TeacherView) {
    this.encoder = encoder.eval();
    for (const tensor of encoder.parameters()) tensor.requiresGrad_(false);
    this.view = view;
    this.width = tokenWidth(encoder);
  }

  /** Moves it to where the student learns. */
  to(device: Device): this {
    this.encoder.to({ device, memoryFormat: "channels_last" });
    return this;
  }

  /**
   * What it makes of a student's views: they are normalised anew, and resampled to its size.
   *
   * @param views `[B, C, S, S]`, normalised by `from`
   * @param from mean and deviation of each of the views' channels
   * @param bands which of the channels it sees, from 1, one for each of its own; null: all
   */
  see(views: Tensor, from: Pick<TeacherView, "mean" | "std">, bands: readonly number[] | null = null): Taught {
    return noGrad(() =>
      scope(() => {
        const { size } = this.view;
        const { gain, shift, channels } = this.#normalising(views.device, from, bands);
        const chosen = channels ? views.indexSelect(1, channels) : views;
        return this.encoder.both(resampled(chosen.mul(gain).add(shift), [size, size]));
      }),
    );
  }

  /** What turns a student's views into its own, by channel: made once, since a student's views are always normalised alike. */
  #normalising(device: Device, from: Pick<TeacherView, "mean" | "std">, bands: readonly number[] | null): Normalising {
    const key = JSON.stringify([device, from.mean, from.std, bands]);
    if (this.#last?.key === key) return this.#last;
    this.#forget();
    const { mean, std } = this.view;
    const places = bands?.map((band) => band - 1) ?? from.mean.map((_, i) => i);
    const perChannel = (of: (own: number, i: number) => number) => ({
      data: Float32Array.from(places, of),
      shape: [1, places.length, 1, 1],
    });
    const sent = [
      perChannel((at, i) => from.std[at]! / std[i]!),
      perChannel((at, i) => (from.mean[at]! - mean[i]!) / std[i]!),
      ...(bands ? [{ data: BigInt64Array.from(places, BigInt) }] : []),
    ];
    const [gain, shift, channels] = fromTypedArrays(sent, device).map(keep) as [Tensor, Tensor, Tensor | undefined];
    this.#last = { key, gain, shift, channels };
    return this.#last;
  }

  #forget(): void {
    if (this.#last) for (const tensor of [this.#last.gain, this.#last.shift, this.#last.channels]) tensor?.dispose();
    this.#last = null;
  }

  /** Frees its weights. */
  [Symbol.dispose](): void {
    this.#forget();
    this.encoder.dispose();
  }
}
