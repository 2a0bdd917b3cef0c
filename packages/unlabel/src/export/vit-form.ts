// The ViTs that exports know, weight by weight: one with more to it would come out as another network without a word.
import { UserError } from "../base/errors.ts";
import { NORM_EPS } from "../encoders/transformer.ts";
import type { VisionTransformer } from "../encoders/vit.ts";

const KNOWN =
  /^(cls_token|reg_token|pos_embed|blocks\.\d+\.ls[12]\.gamma|(patch_embed\.proj|blocks\.\d+\.(norm[12]|attn\.(qkv|proj)|mlp\.fc[12])|norm|fc_norm)\.(weight|bias))$/;

/** What programs ask of a ViT. */
export interface VitForm {
  /** Attention heads of a block. */
  heads: number;
  /** Width within an MLP. */
  hidden: number;
  /** Added to the variance in its norms. */
  eps: number;
  /** Whether each branch is scaled channel by channel. */
  layerScale: boolean;
  /** Whether queries, keys and values have a bias. */
  qkvBias: boolean;
}

/**
 * What {@link VitForm} says of a ViT.
 *
 * @throws {UserError} for one with weights that are not known here
 */
export function vitForm(vit: VisionTransformer): VitForm {
  const other = Object.keys(vit.stateDict()).find((name) => !KNOWN.test(name));
  const first = vit.blocks[0];
  if (other !== undefined || first === undefined) {
    throw new UserError(
      `Expected a ViT that is known to export, got one ${other ? `with ${other}` : "without blocks"}`,
    );
  }
  const { attn, mlp, norm1, ls1 } = first;
  return {
    heads: attn.heads,
    hidden: mlp.fc1.weight.shape[0]!,
    eps: norm1.eps ?? NORM_EPS,
    layerScale: ls1 !== null,
    qkvBias: attn.qkv.bias !== null,
  };
}
