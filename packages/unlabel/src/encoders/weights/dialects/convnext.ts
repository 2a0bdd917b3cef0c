// ConvNeXts (arXiv:2201.03545) as timm, the paper's code, torchvision and transformers name them. Ours are timm's.
import type { Dialect } from "./dialect.ts";
import type { Renaming } from "./pattern.ts";

const STAGES = [0, 1, 2, 3];

const timm: Dialect = {
  whose: "timm",
  family: "convnext",
  anchor: "stem.0.weight",
  names: [
    ["stem.0.", "stem.0."],
    ["stem.1.", "stem.1."],
    ["stages.*.downsample.0.", "stages.*.downsample.0."],
    ["stages.*.downsample.1.", "stages.*.downsample.1."],
    ...["conv_dw", "norm", "mlp.fc1", "mlp.fc2"].map(
      (part): Renaming => [`stages.*.blocks.*.${part}.`, `stages.*.blocks.*.${part}.`],
    ),
    ["stages.*.blocks.*.gamma", "stages.*.blocks.*.gamma"],
    ["{head.norm|norm_pre}.", "head.norm."],
  ],
  aside: [["head.{fc|pre_logits}.", "a classifier"]],
};

const paper: Dialect = {
  whose: "ConvNeXt's own code",
  family: "convnext",
  anchor: "downsample_layers.0.0.weight",
  names: [
    ["downsample_layers.0.0.", "stem.0."],
    ["downsample_layers.0.1.", "stem.1."],
    ["downsample_layers.*.0.", "stages.*.downsample.0."],
    ["downsample_layers.*.1.", "stages.*.downsample.1."],
    ["stages.*.*.dwconv.", "stages.*.blocks.*.conv_dw."],
    ["stages.*.*.norm.", "stages.*.blocks.*.norm."],
    ["stages.*.*.pwconv1.", "stages.*.blocks.*.mlp.fc1."],
    ["stages.*.*.pwconv2.", "stages.*.blocks.*.mlp.fc2."],
    ["stages.*.*.gamma", "stages.*.blocks.*.gamma"],
    ["norm.", "head.norm."],
  ],
  aside: [["head.", "a classifier"]],
};

const torchvision: Dialect = {
  whose: "torchvision",
  family: "convnext",
  anchor: "features.0.0.weight",
  names: [
    ["features.0.0.", "stem.0."],
    ["features.0.1.", "stem.1."],
    ...STAGES.flatMap((stage): Renaming[] => [
      [`features.${2 * stage}.0.`, `stages.${stage}.downsample.0.`],
      [`features.${2 * stage}.1.`, `stages.${stage}.downsample.1.`],
      [`features.${2 * stage + 1}.*.block.0.`, `stages.${stage}.blocks.*.conv_dw.`],
      [`features.${2 * stage + 1}.*.block.2.`, `stages.${stage}.blocks.*.norm.`],
      [`features.${2 * stage + 1}.*.block.3.`, `stages.${stage}.blocks.*.mlp.fc1.`],
      [`features.${2 * stage + 1}.*.block.5.`, `stages.${stage}.blocks.*.mlp.fc2.`],
      [`features.${2 * stage + 1}.*.layer_scale`, `stages.${stage}.blocks.*.gamma`],
    ]),
    ["classifier.0.", "head.norm."],
  ],
  aside: [["classifier.2.", "a classifier"]],
};

const transformers: Dialect = {
  whose: "transformers",
  family: "convnext",
  anchor: "embeddings.patch_embeddings.weight",
  names: [
    ["embeddings.patch_embeddings.", "stem.0."],
    ["embeddings.layernorm.", "stem.1."],
    ["encoder.stages.*.downsampling_layer.0.", "stages.*.downsample.0."],
    ["encoder.stages.*.downsampling_layer.1.", "stages.*.downsample.1."],
    ["encoder.stages.*.layers.*.dwconv.", "stages.*.blocks.*.conv_dw."],
    ["encoder.stages.*.layers.*.layernorm.", "stages.*.blocks.*.norm."],
    ["encoder.stages.*.layers.*.pwconv1.", "stages.*.blocks.*.mlp.fc1."],
    ["encoder.stages.*.layers.*.pwconv2.", "stages.*.blocks.*.mlp.fc2."],
    ["encoder.stages.*.layers.*.layer_scale_parameter", "stages.*.blocks.*.gamma"],
    ["layernorm.", "head.norm."],
  ],
  aside: [["classifier.", "a classifier"]],
};

/** ConvNeXts' names. */
export const CONVNEXT_DIALECTS: readonly Dialect[] = [timm, paper, torchvision, transformers];
