// Vision Transformer, Tiny/Small/Base (arXiv:2010.11929), with timm's structure and names and without its classifier.
// Deliberate differences: features are mean and maximum of the patch tokens after the last norm, side by side, not the class
// token, which MAE never trains directly: the mean alone washes out what stands in one place of the image. Initialised as in
// MAE's code; patches may be left out. Images may have any size that the patch divides: positions are then resampled.
import { cat, empty, linear, nn, scope, type Tensor, TorchError, where, zeros } from "@unlabel/torch";
import { UserError } from "../base/errors.ts";
import { drawPaths, dropRates } from "./drop-path.ts";
import { Encoder, type TokenOptions, type Tokens } from "./encoder.ts";
import { gatherTokens, patchify } from "./patches.ts";
import { resamplePositions, sinCosPositions } from "./positions.ts";
import { throughBlocks } from "./recompute.ts";
import { Block, BRANCHES, initLinears, NORM_EPS, token } from "./transformer.ts";

/** Shape of a {@link VisionTransformer}. */
export interface VitOptions {
  /** Edge in pixels of the square images that positions are made for. */
  size: number;
  /** Edge of a patch in pixels; it must divide `size`. */
  patch: number;
  /** Of a token. */
  width: number;
  /** Number of blocks. */
  depth: number;
  /** Attention heads of a block; they divide `width`. */
  heads: number;
  /** `learned` (default), or `sincos`: fixed, and no parameter. */
  positions?: "learned" | "sincos" | undefined;
  /** Of an image; default 3. */
  channels?: number | undefined;
  /** How often the last block's branches are left out in training (drop-path.ts); default 0. */
  dropPath?: number | undefined;
}

/** `[B, channels, H, W]` → mean and maximum of the patch tokens, `[B, 2·width]`. */
export class VisionTransformer extends Encoder {
  override readonly dim: number;
  /** Of a token. */
  readonly width: number;
  /** Edge of a patch in pixels. */
  readonly patch: number;
  /** Channels of an image. */
  readonly channels: number;
  /** Patches a side of an image of `size`. */
  readonly grid: number;
  readonly #rates: readonly number[];
  /** The class token, `[1, 1, width]`. */
  cls_token: Tensor;
  /** Positions of the class token and of the patches, `[1, 1 + grid², width]`. */
  pos_embed: Tensor;
  /** From a patch's pixels to a token. */
  patch_embed: PatchEmbed;
  /** The transformer's blocks, first to last. */
  blocks: Block[];
  /** The norm after the last block. */
  norm: nn.LayerNorm;

  /** @throws {UserError} where `patch` does not divide `size`, or `dropPath` is not in [0, 1) */
  constructor({ size, patch, width, depth, heads, positions, channels = 3, dropPath = 0 }: VitOptions) {
    super();
    checkDivides(size, patch);
    this.#rates = dropRates(dropPath, depth);
    this.channels = channels;
    this.width = width;
    this.dim = 2 * width;
    this.patch = patch;
    this.grid = size / patch;
    this.cls_token = token(empty([1, 1, width]));
    this.pos_embed =
      positions !== "sincos"
        ? nn.parameter(nn.init.truncNormal(empty([1, 1 + this.grid ** 2, width]), 0, 0.02))
        : scope(() => nn.buffer(sinCosPositions(width, this.grid).unsqueeze(0)));
    this.patch_embed = new PatchEmbed(patch, width, channels);
    this.blocks = Array.from({ length: depth }, () => new Block(width, heads));
    this.norm = new nn.LayerNorm(width, { eps: NORM_EPS });
    initLinears(this);
  }

  override forward(images: Tensor): Tensor {
    const { tokens } = this.tokens(images);
    return cat([tokens.mean(1), tokens.amax(1)], 1);
  }

  /**
   * Patch tokens after the last norm, and the class token beside them.
   *
   * @throws {UserError} where the patch does not divide both sides of the images
   * @throws {TorchError} for images of other channels, or a mask of another shape
   */
  override tokens(images: Tensor, options: TokenOptions = {}): Tokens {
    const [, channels, height = 0, width = 0] = images.shape;
    if (images.ndim !== 4 || channels !== this.channels) {
      throw new TorchError(
        `Expected images [B, ${this.channels}, H, W], got [${images.shape.join(", ")}]`,
        "VisionTransformer",
      );
    }
    for (const side of [height, width]) checkDivides(side, this.patch);
    const grid: [number, number] = [height / this.patch, width / this.patch];
    return scope(() => {
      const all = this.#through(patchify(images, this.patch), grid, options);
      return { tokens: all.narrow(1, 1, all.shape[1]! - 1), classToken: all.select(1, 0), grid };
    });
  }

  /**
   * Encodes all patches of images of `size`, or only those asked for: `[B, L, patch²·channels]` → `[B, 1 + K, width]`, the class
   * token first. For methods that need the patches themselves; {@link tokens} cuts images.
   *
   * @param keep indices `[B, K]` of the patches to see; what they leave out costs nothing
   */
  encode(patches: Tensor, keep?: Tensor): Tensor {
    const count = patches.shape[1];
    if (count !== this.grid ** 2) {
      throw new TorchError(`Expected ${this.grid ** 2} patches an image, got ${count}`, "VisionTransformer");
    }
    return this.#through(patches, [this.grid, this.grid], { keep });
  }

  #through(patches: Tensor, grid: readonly [number, number], { keep, mask, maskToken }: TokenOptions): Tensor {
    const [batch = 0, count = 0] = patches.shape;
    const positions = this.#positions(grid);
    const seen = keep ? gatherTokens(patches, keep) : patches;
    const at = keep ? positions.index([keep.add(1)]) : positions.narrow(0, 1, count);
    const first = this.cls_token.add(positions.narrow(0, 0, 1)).expand([batch, 1, this.width]);
    let embedded = this.patch_embed.call(seen);
    if (mask) {
      checkMask(mask, batch, count);
      const hidden = (keep ? mask.gather(1, keep) : mask).to({ dtype: "bool" }).unsqueeze(2);
      embedded = where(hidden, maskToken ?? zeros([1, 1, this.width], { device: mask.device }), embedded);
    } else if (maskToken) {
      throw new TorchError("Expected a mask beside maskToken, got none", "VisionTransformer");
    }
    const x = cat([first, embedded.add(at)], 1);
    return this.norm.call(throughBlocks(x, this.blocks, this.training ? drawPaths(this.#rates, BRANCHES, x) : []));
  }

  /**
   * `[1 + h·w, width]`. Fixed positions are resampled as learnt ones are, not computed anew: so do MAE's own code for fine-tuning
   * and timm with MAE's weights, and places keep the values among which the blocks were trained.
   */
  #positions([height, width]: readonly [number, number]): Tensor {
    const own = this.pos_embed.select(0, 0);
    if (height === this.grid && width === this.grid) return own;
    return resamplePositions(own, [this.grid, this.grid], [height, width]);
  }
}

/**
 * Patches to tokens: `[B, K, patch²·channels]` → `[B, K, width]`. The weight has the shape of timm's convolution of stride `patch`;
 * as a matrix product it need not see patches that are left out.
 */
export class PatchEmbed extends nn.Module {
  /** Its weight, `[width, channels, patch, patch]`. */
  proj: nn.Conv2d;

  constructor(patch: number, width: number, channels: number) {
    super();
    this.proj = new nn.Conv2d(channels, width, patch, { stride: patch });
    // Two views of the weight, freed at once.
    scope(() => void nn.init.xavierUniform(this.proj.weight.detach().reshape([width, channels * patch * patch])));
    nn.init.zeros(this.proj.bias!);
  }

  override forward(patches: Tensor): Tensor {
    // (channel, row, column) to the patches' (row, column, channel): no copy where weights are channels-last.
    const weight = this.proj.weight.permute([0, 2, 3, 1]).flatten(1);
    return linear(patches, weight, this.proj.bias);
  }
}

function checkMask(mask: Tensor, batch: number, count: number): void {
  if (mask.ndim === 2 && mask.shape[0] === batch && mask.shape[1] === count) return;
  throw new TorchError(
    `Expected a mask [${batch}, ${count}], one entry a patch, got [${mask.shape.join(", ")}]`,
    "VisionTransformer",
  );
}

function checkDivides(size: number, patch: number): void {
  if (size > 0 && size % patch === 0) return;
  const below = Math.floor(size / patch) * patch;
  const nearest = below > 0 ? `${below} or ${below + patch}` : String(patch);
  throw new UserError(`Expected an image size that patch ${patch} divides, got ${size}; nearest: ${nearest}`);
}
