// Encoder: what pretraining is for. A network from images to one feature vector each, and to a vector for each of their places.
import { type DType, nn, type Tensor, TorchError } from "@unlabel/torch";

/** Which patches are seen. */
export interface TokenOptions {
  /** Indices `[B, K]`, int64, of the patches to see, in row-major order of the grid; what they leave out costs nothing. */
  keep?: Tensor | undefined;
  /**
   * `[B, L]`, one or true where a patch is hidden: `maskToken` takes the place of its embedding, before positions are added
   * (BEiT, SimMIM, iBOT, data2vec). With `keep` too, it still counts all L patches.
   */
  mask?: Tensor | undefined;
  /** What stands for a hidden patch, `[1, 1, D]`: a parameter of the method's. Default zeros. */
  maskToken?: Tensor | undefined;
}

/** An image's places as an encoder sees them. */
export interface Tokens {
  /** `[B, L, D]`, after the last norm, row by row of the grid; with `keep` `[B, K, D]`, in its order. */
  tokens: Tensor;
  /** `[B, D]`; null where an encoder has none. */
  classToken: Tensor | null;
  /** Rows and columns of an image's places: L = h·w. */
  grid: [height: number, width: number];
}

/** A network from normalised images `[B, channels, H, W]` to features `[B, dim]`. Subclasses write `forward` and, where they have any, `tokens`. */
export abstract class Encoder extends nn.Module {
  /** Length of a feature vector. */
  abstract readonly dim: number;

  /** The features that heads and probes build on: `[B, channels, H, W]` → `[B, dim]`. */
  features(images: Tensor): Tensor {
    return this.call(images);
  }

  /**
   * One vector for each place of an image, from `[B, channels, H, W]`.
   *
   * @throws {TorchError} where the encoder has no such thing, or for `keep` or `mask` where no patches can be left out
   */
  tokens(_images: Tensor, _options?: TokenOptions): Tokens {
    throw new TorchError(
      `Expected an encoder with tokens, got ${this.constructor.name}, which gives features alone`,
      "tokens",
    );
  }

  /**
   * Features, and the tokens that they are made of, in one pass: what `features` and `tokens` give, from `[B, channels, H, W]`.
   *
   * @throws {TorchError} where the encoder has no tokens
   */
  both(images: Tensor): Tokens & { features: Tensor } {
    return { features: this.features(images), ...this.tokens(images) };
  }

  /**
   * A copy that computes what this encoder does in evaluation mode, in fewer operations: features and tokens are the same to rounding.
   * It does not follow when this encoder changes, and is to be disposed of. Null where there is nothing to gain.
   *
   * @param dtype of its weights and of what it computes with, `float32` or `bfloat16`
   */
  folded(_dtype: DType): Encoder | null {
    return null;
  }
}
