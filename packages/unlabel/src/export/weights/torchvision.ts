// For torchvision: a state dict under its own names. Safetensors, since a .pth is a pickle, which can run code.
import { noGrad, saveSafetensors, scope, type Tensor, zeros } from "@unlabel/torch";
import { ConvNeXt } from "../../encoders/convnext.ts";
import type { Encoder } from "../../encoders/encoder.ts";
import { VisionTransformer } from "../../encoders/vit.ts";
import { CONVNEXT_DIALECTS } from "../../encoders/weights/dialects/convnext.ts";
import { VIT_DIALECTS } from "../../encoders/weights/dialects/vit.ts";
import type { ExportFacts } from "../facts.ts";
import type { OutFile } from "../folder.ts";
import { vitForm } from "../vit-form.ts";
import { placedFor } from "./positions.ts";
import { dialectOf, renamed } from "./renamed.ts";
import { withScales } from "./transformers.ts";

/** What torchvision takes: `load_state_dict(load_file("model.safetensors"))` of a model without its classifier. */
export function torchvisionFiles(encoder: Encoder, facts: ExportFacts): OutFile[] {
  const write = (to: string) =>
    noGrad(() => scope(() => saveSafetensors(to, tensorsOf(encoder, facts.grid[0]), { format: "pt" })));
  return [{ path: "model.safetensors", write }];
}

function tensorsOf(encoder: Encoder, grid: number): Record<string, Tensor> {
  if (encoder instanceof VisionTransformer) return vitTensors(encoder, grid);
  if (encoder instanceof ConvNeXt) return convNextTensors(encoder);
  // A ResNet's names are ours.
  return encoder.stateDict();
}

/** Its scales are of a map's channels. */
function convNextTensors(encoder: ConvNeXt): Record<string, Tensor> {
  const named = renamed(withScales(encoder), dialectOf("torchvision", CONVNEXT_DIALECTS));
  return Object.fromEntries(
    Object.entries(named).map(([name, tensor]) => [
      name,
      name.endsWith(".layer_scale") ? tensor.detach().reshape([-1, 1, 1]).contiguous() : tensor,
    ]),
  );
}

/** Its branches have no scales of their own: `γ·(W·x + b)` is `(γ·W)·x + γ·b`. Biases that there are not are zeros. */
function vitTensors(vit: VisionTransformer, grid: number): Record<string, Tensor> {
  vitForm(vit);
  const { classToken, behindZeros } = placedFor(vit, grid);
  if (!classToken) throw new TypeError("Expected a ViT with a class token");
  const tensors: Record<string, Tensor> = { ...vit.stateDict(), cls_token: classToken, pos_embed: behindZeros };
  for (const [i, { ls1, ls2 }] of vit.blocks.entries()) {
    tensors[`blocks.${i}.attn.qkv.bias`] ??= zeros([3 * vit.width]);
    for (const [scale, name, before] of [
      [ls1, "ls1", "attn.proj"],
      [ls2, "ls2", "mlp.fc2"],
    ] as const) {
      if (!scale) continue;
      const [weight, bias] = [`blocks.${i}.${before}.weight`, `blocks.${i}.${before}.bias`];
      tensors[weight] = tensors[weight]!.detach().mul(scale.gamma.detach().unsqueeze(1));
      tensors[bias] = tensors[bias]!.detach().mul(scale.gamma.detach());
      delete tensors[`blocks.${i}.${name}.gamma`];
    }
  }
  return renamed(tensors, dialectOf("torchvision", VIT_DIALECTS));
}
