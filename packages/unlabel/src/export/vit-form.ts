// The ViT that exports know, weight by weight: one with more to it would come out as another network without a word.
import { UserError } from "../base/errors.ts";
import type { VisionTransformer } from "../encoders/vit.ts";

const KNOWN =
  /^(cls_token|pos_embed|(patch_embed\.proj|blocks\.\d+\.(norm[12]|attn\.(qkv|proj)|mlp\.fc[12])|norm)\.(weight|bias))$/;

/** @throws {UserError} for a ViT with other weights than these, or features that are not mean and maximum of the patch tokens */
export function checkVit(vit: VisionTransformer): void {
  const other = Object.keys(vit.stateDict()).find((name) => !KNOWN.test(name));
  if (other !== undefined) throw new UserError(`Expected a plain ViT to export, got one with ${other}`);
  if (vit.dim !== 2 * vit.width) {
    throw new UserError(
      `Expected a ViT whose features are mean and maximum of its tokens to export, got ${vit.dim} numbers`,
    );
  }
}
