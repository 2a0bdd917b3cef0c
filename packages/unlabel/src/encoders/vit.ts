// Vision Transformer (arXiv:2010.11929), with timm's structure and names and without its classifier. Deliberate differences:
// features are mean and maximum of the patch tokens after the last norm, side by side, unless `pooling` says otherwise, not the
// class token, which MAE never trains directly: the mean alone washes out what stands in one place of the image. Initialised as in
// MAE's code; patches may be left out. Images may have any size that the patch divides: positions are then resampled. Options
// beside the sizes are what encoders of DINO, DINOv2, timm and Hugging Face need.
import { cat, empty, nn, scope, type Tensor, TorchError, where, zeros } from "@unlabel/torch";
import { UserError } from "../base/errors.ts";
import { drawPaths, dropRates } from "./drop-path.ts";
import { Encoder, type TokenOptions, type Tokens } from "./encoder.ts";
import { PatchEmbed } from "./patch-embed.ts";
import { gatherTokens, patchify } from "./patches.ts";
import { resamplePositions, sinCosPositions } from "./positions.ts";
import { throughBlocks } from "./recompute.ts";
import { Block, type BlockOptions, BRANCHES, initLinears, NORM_EPS, token } from "./transformer.ts";
import { type Interpolation, POOLINGS, type Pooling, type PrefixPositions, pooledDim, prefixRows } from "./variants.ts";

/** Shape of a {@link VisionTransformer}. */
export interface VitOptions extends BlockOptions {
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
  /** What features are; default `mean_max`. */
  pooling?: Pooling | undefined;
  /** Whether the last norm comes after pooling, as `fc_norm`, instead of before; default false. */
  pooledNorm?: boolean | undefined;
  /** Whether there is a class token; default true. */
  classToken?: boolean | undefined;
  /** Register tokens (arXiv:2309.16588), after the class token; default 0. */
  registers?: number | undefined;
  /** Which tokens before the patches have positions; default `class`. */
  prefixPositions?: PrefixPositions | undefined;
  /** How positions are made for another grid; default `antialias`. */
  interpolation?: Interpolation | undefined;
}

/** `[B, channels, H, W]` → mean and maximum of the patch tokens, `[B, 2·width]`, or what `pooling` says. */
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
  /** What features are. */
  readonly pooling: Pooling;
  /** Register tokens. */
  readonly registers: number;
  readonly #rates: readonly number[];
  /** Rows of the positions that stand for tokens before the patches. */
  readonly #rows: number;
  readonly #interpolation: Interpolation;
  /** The class token, `[1, 1, width]`. */
  cls_token: Tensor | null;
  /** Registers, `[1, registers, width]`. */
  reg_token: Tensor | null;
  /** Positions of the class token and of the patches, `[1, 1 + grid², width]`; of the patches alone, or registers too, as it was told. */
  pos_embed: Tensor;
  /** From a patch's pixels to a token. */
  patch_embed: PatchEmbed;
  /** The transformer's blocks, first to last. */
  blocks: Block[];
  /** The norm after the last block; null where it comes after pooling. */
  norm: nn.LayerNorm | null;
  /** The norm after pooling, of each part of the features; null where it comes before. */
  fc_norm: nn.LayerNorm | null;

  /** @throws {UserError} where `patch` does not divide `size`, `dropPath` is not in [0, 1), or `pooling` asks for a class token that is not there */
  constructor(options: VitOptions) {
    super();
    const { size, patch, width, depth, heads, positions, channels = 3, dropPath = 0 } = options;
    const { pooling = "mean_max", classToken = true, registers = 0, normEps: eps = NORM_EPS } = options;
    checkDivides(size, patch);
    if (!POOLINGS.includes(pooling)) {
      throw new UserError(`Expected one of ${POOLINGS.join(", ")} for pooling, got ${pooling}`);
    }
    if (!classToken && pooling.startsWith("class")) {
      throw new UserError(`Expected mean or mean_max for pooling of a ViT without a class token, got ${pooling}`);
    }
    if (!Number.isSafeInteger(registers) || registers < 0) {
      throw new UserError(`Expected a whole number from 0 for registers, got ${registers}`);
    }
    this.#rates = dropRates(dropPath, depth);
    this.#rows = prefixRows({ class_token: classToken, registers, prefix_positions: options.prefixPositions });
    this.#interpolation = options.interpolation ?? "antialias";
    this.channels = channels;
    this.width = width;
    this.pooling = pooling;
    this.registers = registers;
    this.dim = pooledDim(width, pooling);
    this.patch = patch;
    this.grid = size / patch;
    this.cls_token = classToken ? token(empty([1, 1, width])) : null;
    this.reg_token = registers > 0 ? token(empty([1, registers, width])) : null;
    this.pos_embed =
      positions !== "sincos"
        ? nn.parameter(nn.init.truncNormal(empty([1, this.#rows + this.grid ** 2, width]), 0, 0.02))
        : scope(() => nn.buffer(sinCosPositions(width, this.grid, this.#rows).unsqueeze(0)));
    this.patch_embed = new PatchEmbed(patch, width, channels);
    this.blocks = Array.from({ length: depth }, () => new Block(width, heads, options));
    this.norm = options.pooledNorm ? null : new nn.LayerNorm(width, { eps });
    this.fc_norm = options.pooledNorm ? new nn.LayerNorm(width, { eps }) : null;
    initLinears(this);
  }

  override forward(images: Tensor): Tensor {
    return this.pooled(this.tokens(images));
  }

  override both(images: Tensor): Tokens & { features: Tensor } {
    return scope(() => {
      const found = this.tokens(images);
      return { features: this.pooled(found), ...found };
    });
  }

  /** The features that such tokens make, of all patches or of those that were kept: `[B, dim]`. */
  pooled({ tokens, classToken }: Pick<Tokens, "tokens" | "classToken">): Tensor {
    const parts = {
      mean_max: () => [tokens.mean(1), tokens.amax(1)],
      class: () => [classToken!],
      mean: () => [tokens.mean(1)],
      class_mean: () => [classToken!, tokens.mean(1)],
    }[this.pooling]();
    const found = this.fc_norm ? parts.map((part) => this.fc_norm!.call(part)) : parts;
    return found.length === 1 ? found[0]! : cat(found, 1);
  }

  /**
   * Patch tokens after the last norm (where it comes after pooling, without), and the class token beside them.
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
      const before = this.#before;
      const tokens = all.narrow(1, before, all.shape[1]! - before);
      return { tokens, classToken: this.cls_token && all.select(1, 0), grid };
    });
  }

  /**
   * Encodes all patches of images of `size`, or only those asked for: `[B, L, patch²·channels]` → `[B, 1 + K, width]`, the class
   * token first; without one `[B, K, width]`. For methods that need the patches themselves; {@link tokens} cuts images.
   *
   * @param keep indices `[B, K]` of the patches to see; what they leave out costs nothing
   */
  encode(patches: Tensor, keep?: Tensor): Tensor {
    const count = patches.shape[1];
    if (count !== this.grid ** 2) {
      throw new TorchError(`Expected ${this.grid ** 2} patches an image, got ${count}`, "VisionTransformer");
    }
    const all = this.#through(patches, [this.grid, this.grid], { keep });
    if (this.registers === 0) return all;
    const seen = all.narrow(1, this.#before, all.shape[1]! - this.#before);
    return this.cls_token ? cat([all.narrow(1, 0, 1), seen], 1) : seen;
  }

  /**
   * What a grid's tokens are before the blocks, beside the patches themselves: the tokens before them with those positions that they have,
   * class token first, `[1, K, width]` (null where there are none), and the position of each patch, `[h·w, width]`.
   */
  placed(grid: readonly [height: number, width: number]): { before: Tensor | null; places: Tensor } {
    return scope(() => {
      const positions = this.#positions(grid);
      const before = this.#prefix(positions);
      const places = positions.narrow(0, this.#rows, grid[0] * grid[1]);
      return { before: before.length === 0 ? null : cat(before, 1), places };
    });
  }

  /** Tokens before the patches. */
  get #before(): number {
    return (this.cls_token ? 1 : 0) + this.registers;
  }

  #through(patches: Tensor, grid: readonly [number, number], { keep, mask, maskToken }: TokenOptions): Tensor {
    const [batch = 0, count = 0] = patches.shape;
    const positions = this.#positions(grid);
    const seen = keep ? gatherTokens(patches, keep) : patches;
    const at = keep ? positions.index([keep.add(this.#rows)]) : positions.narrow(0, this.#rows, count);
    const first = this.#prefix(positions).map((tokens) => tokens.expand([batch, tokens.shape[1]!, this.width]));
    let embedded = this.patch_embed.call(seen);
    if (mask) {
      checkMask(mask, batch, count);
      const hidden = (keep ? mask.gather(1, keep) : mask).to({ dtype: "bool" }).unsqueeze(2);
      embedded = where(hidden, maskToken ?? zeros([1, 1, this.width], { device: mask.device }), embedded);
    } else if (maskToken) {
      throw new TorchError("Expected a mask beside maskToken, got none", "VisionTransformer");
    }
    const x = cat([...first, embedded.add(at)], 1);
    const out = throughBlocks(x, this.blocks, this.training ? drawPaths(this.#rates, BRANCHES, x) : []);
    return this.norm?.call(out) ?? out;
  }

  /** Class token and registers, as far as there are any, each with those positions that it has. */
  #prefix(positions: Tensor): Tensor[] {
    let row = 0;
    return [this.cls_token, this.reg_token].flatMap((tokens) => {
      if (!tokens) return [];
      const count = tokens.shape[1]!;
      if (row + count > this.#rows) return [tokens];
      row += count;
      return [tokens.add(positions.narrow(0, row - count, count))];
    });
  }

  /**
   * `[1 + h·w, width]`, or as many rows for other tokens as there are. Fixed positions are resampled as learnt ones are, not computed anew: so do MAE's own code for fine-tuning
   * and timm with MAE's weights, and places keep the values among which the blocks were trained.
   */
  #positions([height, width]: readonly [number, number]): Tensor {
    const own = this.pos_embed.select(0, 0);
    if (height === this.grid && width === this.grid) return own;
    const options = { prefix: this.#rows, interpolation: this.#interpolation };
    return resamplePositions(own, [this.grid, this.grid], [height, width], options);
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
