// ViTs as timm (and MAE, DINO, DINOv2, MoCo v3, DeiT), transformers (both ways, before and since huggingface/transformers#41693) and
// torchvision name them. Ours are timm's.
import type { Dialect } from "./dialect.ts";
import type { Renaming } from "./pattern.ts";

const PARTS = "norm1 attn.qkv attn.proj norm2 mlp.fc1 mlp.fc2 ls1 ls2".split(" ");

const ASIDE = [
  ["{decoder_embed|decoder_blocks|decoder_norm|decoder_pred}.", "MAE's decoder"],
  ["decoder_pos_embed", "MAE's decoder"],
  ["{mask_token|embeddings.mask_token}", "a mask token"],
  ["decoder.", "MAE's decoder"],
  ["{head|heads|classifier|lm_head}.", "a head"],
  ["{head_dist|cls_classifier|distillation_classifier}.", "a head"],
  ["{fc_norm|pre_logits}.", "what only a classifier has behind its pooling"],
  ["pooler.", "a pooler, which only classifiers use"],
] as const;

const timm: Dialect = {
  whose: "timm",
  family: "vit",
  anchor: "patch_embed.proj.weight",
  names: [
    ["cls_token", "cls_token"],
    ["pos_embed", "pos_embed"],
    ["reg_token", "reg_token"],
    ["register_tokens", "reg_token"],
    ["patch_embed.proj.", "patch_embed.proj."],
    ...PARTS.flatMap((part): Renaming[] => [
      [`blocks.*.${part}.`, `blocks.*.${part}.`],
      // As DINOv2's own training wraps blocks in chunks.
      [`blocks.#.*.${part}.`, `blocks.*.${part}.`],
    ]),
    ["norm.", "norm."],
    // In place of it, where it comes after pooling.
    ["fc_norm.", "fc_norm."],
  ],
  aside: ASIDE,
};

const LAYER = "{encoder.layer|encoder.layers|layers|layer}.*";

const transformers: Dialect = {
  whose: "transformers",
  family: "vit",
  anchor: "embeddings.patch_embeddings.projection.weight",
  names: [
    ["embeddings.cls_token", "cls_token"],
    ["embeddings.position_embeddings", "pos_embed"],
    ["embeddings.register_tokens", "reg_token"],
    ["embeddings.patch_embeddings.projection.", "patch_embed.proj."],
    [`${LAYER}.{layernorm_before|norm1}.`, "blocks.*.norm1."],
    ...["query", "key", "value"].flatMap((name, i): Renaming[] => [
      [`${LAYER}.attention.attention.${name}.`, `blocks.*.attn.qkv[${i}].`],
      [`${LAYER}.attention.${name[0]}_proj.`, `blocks.*.attn.qkv[${i}].`],
    ]),
    [`${LAYER}.attention.{output.dense|o_proj|out_proj}.`, "blocks.*.attn.proj."],
    [`${LAYER}.{layernorm_after|norm2}.`, "blocks.*.norm2."],
    [`${LAYER}.{intermediate.dense|mlp.fc1}.`, "blocks.*.mlp.fc1."],
    [`${LAYER}.{output.dense|mlp.fc2}.`, "blocks.*.mlp.fc2."],
    [`${LAYER}.layer_scale1.lambda1`, "blocks.*.ls1.gamma"],
    [`${LAYER}.layer_scale2.lambda1`, "blocks.*.ls2.gamma"],
    ["layernorm.", "norm."],
  ],
  aside: ASIDE,
};

const torchvision: Dialect = {
  whose: "torchvision",
  family: "vit",
  anchor: "conv_proj.weight",
  names: [
    ["class_token", "cls_token"],
    ["encoder.pos_embedding", "pos_embed"],
    ["conv_proj.", "patch_embed.proj."],
    ["encoder.layers.encoder_layer_*.ln_1.", "blocks.*.norm1."],
    ["encoder.layers.encoder_layer_*.self_attention.in_proj_weight", "blocks.*.attn.qkv.weight"],
    ["encoder.layers.encoder_layer_*.self_attention.in_proj_bias", "blocks.*.attn.qkv.bias"],
    ["encoder.layers.encoder_layer_*.self_attention.out_proj.", "blocks.*.attn.proj."],
    ["encoder.layers.encoder_layer_*.ln_2.", "blocks.*.norm2."],
    ["encoder.layers.encoder_layer_*.mlp.{0|linear_1}.", "blocks.*.mlp.fc1."],
    ["encoder.layers.encoder_layer_*.mlp.{3|linear_2}.", "blocks.*.mlp.fc2."],
    ["encoder.ln.", "norm."],
  ],
  aside: [["heads.", "a head"]],
};

/** ViTs' names. */
export const VIT_DIALECTS: readonly Dialect[] = [timm, transformers, torchvision];
