// Vision Transformer, Tiny/Small/Base (arXiv:2010.11929), with timm's structure and names and without its classifier.
// Deliberate differences: features are mean and maximum of the patch tokens after the last norm, side by side, not the class
// token, which MAE never trains directly: the mean alone washes out what stands in one place of the image. Initialised as in
// MAE's code; patches may be left out.
import { cat, empty, linear, nn, scope, type Tensor, TorchError } from "@unlabel/torch";
import { UserError } from "../base/errors.ts";
import { Encoder } from "./encoder.ts";
import { gatherTokens, patchify } from "./patches.ts";
import { sinCosPositions } from "./positions.ts";
import { throughBlocks } from "./recompute.ts";
import { Block, initLinears, NORM_EPS, token } from "./transformer.ts";

export interface VitOptions {
  /** Edge of the square images in pixels. */
  size: number;
  /** Edge of a patch in pixels; it must divide `size`. */
  patch: number;
  /** Of a token. */
  width: number;
  depth: number;
  heads: number;
  /** `learned` (default), or `sincos`: fixed, and no parameter. */
  positions?: "learned" | "sincos";
}

/** `[B, 3, size, size]` → mean and maximum of the patch tokens, `[B, 2·width]`. */
export class VisionTransformer extends Encoder {
  override readonly dim: number;
  /** Of a token. */
  readonly width: number;
  readonly patch: number;
  /** Patches a side. */
  readonly grid: number;
  cls_token: Tensor;
  pos_embed: Tensor;
  patch_embed: PatchEmbed;
  blocks: Block[];
  norm: nn.LayerNorm;

  /** @throws {UserError} where `patch` does not divide `size` */
  constructor({ size, patch, width, depth, heads, positions = "learned" }: VitOptions) {
    super();
    checkDivides(size, patch);
    this.width = width;
    this.dim = 2 * width;
    this.patch = patch;
    this.grid = size / patch;
    this.cls_token = token(empty([1, 1, width]));
    this.pos_embed =
      positions === "learned"
        ? nn.parameter(nn.init.truncNormal(empty([1, 1 + this.grid ** 2, width]), 0, 0.02))
        : nn.buffer(sinCosPositions(width, this.grid).unsqueeze(0));
    this.patch_embed = new PatchEmbed(patch, width);
    this.blocks = Array.from({ length: depth }, () => new Block(width, heads));
    this.norm = new nn.LayerNorm(width, { eps: NORM_EPS });
    initLinears(this);
  }

  override forward(images: Tensor): Tensor {
    const tokens = this.encode(patchify(images, this.patch)).narrow(1, 1, this.grid ** 2);
    return cat([tokens.mean(1), tokens.amax(1)], 1);
  }

  /**
   * Encodes all patches, or only those asked for: patches `[B, L, patch²·3]` → `[B, 1 + K, width]`, the class token first.
   * @param keep indices `[B, K]` of the patches to see; what they leave out costs nothing
   */
  encode(patches: Tensor, keep?: Tensor): Tensor {
    const [batch = 0, count = 0] = patches.shape;
    if (count !== this.grid ** 2) {
      throw new TorchError(`Expected ${this.grid ** 2} patches an image, got ${count}`, "VisionTransformer");
    }
    const positions = this.pos_embed.select(0, 0);
    const seen = keep ? gatherTokens(patches, keep) : patches;
    const at = keep ? positions.index([keep.add(1)]) : positions.narrow(0, 1, count);
    const first = this.cls_token.add(positions.narrow(0, 0, 1)).expand([batch, 1, this.width]);
    const x = cat([first, this.patch_embed.call(seen).add(at)], 1);
    return this.norm.call(throughBlocks(x, this.blocks));
  }
}

/**
 * Patches to tokens: `[B, K, patch²·3]` → `[B, K, width]`. The weight has the shape of timm's convolution of stride `patch`;
 * as a matrix product it need not see patches that are left out.
 */
class PatchEmbed extends nn.Module {
  proj: nn.Conv2d;

  constructor(patch: number, width: number) {
    super();
    this.proj = new nn.Conv2d(3, width, patch, { stride: patch });
    // Two views of the weight, freed at once.
    scope(() => void nn.init.xavierUniform(this.proj.weight.detach().reshape([width, 3 * patch * patch])));
    nn.init.zeros(this.proj.bias!);
  }

  override forward(patches: Tensor): Tensor {
    // (colour, row, column) to the patches' (row, column, colour): no copy where weights are channels-last.
    const weight = this.proj.weight.permute([0, 2, 3, 1]).flatten(1);
    return linear(patches, weight, this.proj.bias);
  }
}

function checkDivides(size: number, patch: number): void {
  if (size % patch === 0) return;
  const below = Math.floor(size / patch) * patch;
  const nearest = below > 0 ? `${below} or ${below + patch}` : String(patch);
  throw new UserError(`Expected an image size that patch ${patch} divides, got ${size}; nearest: ${nearest}`);
}
