// For timm: a folder that `timm.create_model("local-dir:…", pretrained=True, num_classes=0)` reads. Names are timm's already.
import { noGrad, saveSafetensors, scope, type Tensor } from "@unlabel/torch";
import { writeAtomically } from "../../base/files.ts";
import type { Encoder } from "../../encoders/encoder.ts";
import type { Pooling } from "../../encoders/variants.ts";
import { VisionTransformer } from "../../encoders/vit.ts";
import type { ExportFacts } from "../facts.ts";
import type { OutFile } from "../folder.ts";
import { vitForm } from "../vit-form.ts";
import { placedFor } from "./positions.ts";

/** config.json and model.safetensors. */
export function timmFiles(encoder: Encoder, facts: ExportFacts): OutFile[] {
  const config = `${JSON.stringify(timmConfig(encoder, facts), null, 2)}\n`;
  return [
    { path: "config.json", write: (to) => writeAtomically(to, config) },
    {
      path: "model.safetensors",
      write: (to) =>
        noGrad(() => scope(() => saveSafetensors(to, tensorsFor(encoder, facts.grid[0]), { format: "pt" }))),
    },
  ];
}

function tensorsFor(encoder: Encoder, grid: number): Record<string, Tensor> {
  const tensors = encoder.stateDict();
  if (!(encoder instanceof VisionTransformer)) return tensors;
  const { classToken, registers, places, behindZeros } = placedFor(encoder, grid);
  return {
    ...tensors,
    ...(classToken && { cls_token: classToken }),
    ...(registers && { reg_token: registers }),
    // timm gives positions to all tokens or to patches alone.
    pos_embed: classToken && !registers ? behindZeros : places,
  };
}

/** What timm calls it where its features are ours; else the mean, which is half of ours. */
const POOLS: Readonly<Record<Pooling, string>> = { mean: "avg", class: "token", mean_max: "avg", class_mean: "avg" };

function vitArguments(vit: VisionTransformer, size: number): object {
  const { heads, layerScale, qkvBias, hidden } = vitForm(vit);
  return {
    // No shape tells how many heads there are.
    ...{ img_size: size, patch_size: vit.patch, num_heads: heads, global_pool: POOLS[vit.pooling] },
    // The mean of the patch tokens after the last norm, which timm otherwise puts behind the mean.
    fc_norm: vit.fc_norm !== null,
    ...(!vit.cls_token && { class_token: false }),
    ...(vit.registers > 0 && { reg_tokens: vit.registers, no_embed_class: true }),
    ...(layerScale && { init_values: 1e-5 }),
    ...(!qkvBias && { qkv_bias: false }),
    // timm rounds down.
    ...(hidden !== 4 * vit.width && { mlp_ratio: (hidden + 0.5) / vit.width }),
  };
}

function timmConfig(encoder: Encoder, facts: ExportFacts): object {
  const { architecture, size, input, mean, std, grid, license, width, family } = facts;
  const isVit = encoder instanceof VisionTransformer;
  const own = isVit
    ? vitArguments(encoder, size)
    : family === "convnext" && !("stages.0.blocks.0.gamma" in encoder.stateDict())
      ? { ls_init_value: null }
      : {};
  return {
    architecture: isVit ? `${architecture}_patch16_224` : architecture,
    num_classes: 0,
    num_features: width,
    global_pool: isVit ? POOLS[encoder.pooling] : "avg",
    model_args: { in_chans: input.channels, num_classes: 0, ...own },
    pretrained_cfg: {
      tag: "unlabel",
      input_size: [input.channels, size, size],
      fixed_input_size: isVit,
      ...{ interpolation: "bilinear", crop_pct: 1, crop_mode: "center", mean, std },
      num_classes: 0,
      ...(!isVit && { pool_size: grid }),
      // Weights have the run's channels: nothing is to be adapted.
      first_conv: null,
      classifier: { vit: "head", resnet: "fc", convnext: "head.fc" }[family],
      license,
    },
  };
}
