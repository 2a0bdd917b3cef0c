// For timm: a folder that `timm.create_model("local-dir:…", pretrained=True, num_classes=0)` reads. Names are timm's already.
import { saveSafetensors } from "@unlabel/torch";
import { writeAtomically } from "../../base/files.ts";
import type { Encoder } from "../../encoders/encoder.ts";
import { VisionTransformer } from "../../encoders/vit.ts";
import type { ExportFacts } from "../facts.ts";
import type { OutFile } from "../folder.ts";
import { plainVit } from "../vit-form.ts";
import { positionsFor } from "./positions.ts";

/** config.json and model.safetensors. */
export function timmFiles(encoder: Encoder, facts: ExportFacts): OutFile[] {
  if (encoder instanceof VisionTransformer) plainVit(encoder);
  const config = `${JSON.stringify(timmConfig(encoder, facts), null, 2)}\n`;
  return [
    { path: "config.json", write: (to) => writeAtomically(to, config) },
    {
      path: "model.safetensors",
      write: (to) => {
        const tensors = encoder.stateDict();
        if (!(encoder instanceof VisionTransformer)) return saveSafetensors(to, tensors, { format: "pt" });
        using positions = positionsFor(encoder, facts.grid[0]);
        saveSafetensors(to, { ...tensors, pos_embed: positions }, { format: "pt" });
      },
    },
  ];
}

function timmConfig(encoder: Encoder, facts: ExportFacts): object {
  const { architecture, size, input, mean, std, grid, license, width } = facts;
  const isVit = encoder instanceof VisionTransformer;
  const shape = { in_chans: input.channels, num_classes: 0 };
  return {
    architecture: isVit ? `${architecture}_patch16_224` : architecture,
    num_classes: 0,
    num_features: width,
    global_pool: "avg",
    // The mean of the patch tokens after the last norm, which timm otherwise puts behind the mean.
    model_args: isVit
      ? { ...shape, img_size: size, patch_size: encoder.patch, global_pool: "avg", fc_norm: false }
      : shape,
    pretrained_cfg: {
      tag: "unlabel",
      input_size: [input.channels, size, size],
      fixed_input_size: isVit,
      ...{ interpolation: "bilinear", crop_pct: 1, crop_mode: "center", mean, std },
      num_classes: 0,
      ...(!isVit && { pool_size: grid }),
      // Weights have the run's channels: nothing is to be adapted.
      first_conv: null,
      classifier: isVit ? "head" : "fc",
      license,
    },
  };
}
