// The ViT that exports know, weight by weight: one with more or less to it would come out as another network without a word.
import type { nn, Tensor } from "@unlabel/torch";
import { UserError } from "../base/errors.ts";
import type { VisionTransformer } from "../encoders/vit.ts";

const KNOWN =
  /^(cls_token|pos_embed|(patch_embed\.proj|blocks\.\d+\.(norm[12]|attn\.(qkv|proj)|mlp\.fc[12])|norm)\.(weight|bias))$/;

/** What a plain ViT has for certain. */
export interface PlainVit {
  /** `[1, 1, width]`. */
  classToken: Tensor;
  /** After the last block. */
  norm: nn.LayerNorm;
}

/**
 * What {@link PlainVit} says of a ViT.
 *
 * @throws {UserError} for one with other weights than a plain one's, or features that are not mean and maximum of the patch tokens
 */
export function plainVit(vit: VisionTransformer): PlainVit {
  const { cls_token: classToken, norm } = vit;
  const other = Object.keys(vit.stateDict()).find((name) => !KNOWN.test(name));
  if (other !== undefined || classToken == null || norm == null) {
    throw new UserError(`Expected a plain ViT to export, got one ${other ? `with ${other}` : "without a part of it"}`);
  }
  const { pooling = "mean_max" } = vit as { pooling?: string };
  if (vit.dim !== 2 * vit.width || pooling !== "mean_max") {
    throw new UserError(
      `Expected a ViT whose features are mean and maximum of its tokens to export, got ${vit.dim} numbers of ${pooling}`,
    );
  }
  return { classToken, norm };
}
