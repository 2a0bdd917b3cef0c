// For transformers and transformers.js: config.json, model.safetensors under transformers' names, preprocessor_config.json, and ONNX files
// where transformers.js looks for them.
// A ViT is written as `dinov2`, with registers as `dinov2_with_registers`, whose block with layer scales of one is this ViT's, and whose
// pooled output is the class token: `vit` has a pooler behind it that no run trains.
import { noGrad, ones, saveSafetensors, scope, type Tensor, zeros } from "@unlabel/torch";
import { writeAtomically } from "../../base/files.ts";
import { isOrdinary } from "../../data/input.ts";
import { ConvNeXt } from "../../encoders/convnext.ts";
import type { Encoder } from "../../encoders/encoder.ts";
import { aboutEncoder } from "../../encoders/facts.ts";
import { VisionTransformer } from "../../encoders/vit.ts";
import { CONVNEXT_DIALECTS } from "../../encoders/weights/dialects/convnext.ts";
import { RESNET_DIALECTS } from "../../encoders/weights/dialects/resnet.ts";
import type { ExportFacts } from "../facts.ts";
import type { OutFile } from "../folder.ts";
import { onnxFile } from "../onnx/model.ts";
import { vitForm } from "../vit-form.ts";
import { placedFor } from "./positions.ts";
import { dialectOf, renamed } from "./renamed.ts";

/** The ONNX files that transformers.js asks for by its `dtype`: fp32, fp16, q8. */
const ONNX_FILES = [
  ["onnx/model.onnx", "fp32"],
  ["onnx/model_fp16.onnx", "fp16"],
  ["onnx/model_quantized.onnx", "int8"],
] as const;

/** See the head of this file; without preprocessor_config.json where images are no RGB of 8 bits, which is all that it can tell of. */
export function transformersFiles(encoder: Encoder, facts: ExportFacts): OutFile[] {
  const json = (path: string, value: object): OutFile => ({
    path,
    write: (to) => writeAtomically(to, `${JSON.stringify(value, null, 2)}\n`),
  });
  return [
    json("config.json", configOf(encoder, facts)),
    ...(hasProcessor(facts) ? [json("preprocessor_config.json", processor(facts))] : []),
    { path: "model.safetensors", write: (to) => saveWeights(to, encoder, facts) },
    ...ONNX_FILES.map(([path, precision]) => ({
      path,
      write: (to: string) =>
        writeAtomically(to, onnxFile(encoder, facts, { precision, images: null, outputs: "transformers" })),
    })),
  ];
}

/** Whether transformers' image processors can do what the run's preprocessing does. */
export function hasProcessor({ input }: Pick<ExportFacts, "input">): boolean {
  return isOrdinary(input) && input.channels === 3;
}

/** Resize of the short side and central square, Pillow's bilinear filter. */
function processor({ size, mean, std }: ExportFacts): object {
  return {
    image_processor_type: "BitImageProcessor",
    ...{ do_convert_rgb: true, do_resize: true, size: { shortest_edge: size }, resample: 2 },
    ...{ do_center_crop: true, crop_size: { height: size, width: size } },
    ...{ do_rescale: true, rescale_factor: 1 / 255, do_normalize: true, image_mean: mean, image_std: std },
  };
}

function configOf(encoder: Encoder, facts: ExportFacts): object {
  if (encoder instanceof VisionTransformer) return vitConfig(encoder, facts);
  return encoder instanceof ConvNeXt ? convNextConfig(encoder, facts) : resnetConfig(facts);
}

function resnetConfig({ architecture, input }: ExportFacts): object {
  const about = aboutEncoder(architecture);
  if (about.family !== "resnet") throw new TypeError(`Expected a ResNet, got ${architecture}`);
  const { bottleneck, counts } = about;
  return {
    ...{ architectures: ["ResNetModel"], model_type: "resnet", torch_dtype: "float32" },
    ...{ num_channels: input.channels, embedding_size: 64, depths: counts },
    hidden_sizes: counts.map((_, stage) => 64 * 2 ** stage * (bottleneck ? 4 : 1)),
    ...{ layer_type: bottleneck ? "bottleneck" : "basic", hidden_act: "relu" },
    ...{ downsample_in_first_stage: false, downsample_in_bottleneck: false },
  };
}

/** Shares and scales are left at transformers' own: it refuses a float that JSON writes as a whole number. */
function vitConfig(vit: VisionTransformer, { size, input }: ExportFacts): object {
  const { heads, hidden, eps, qkvBias } = vitForm(vit);
  const { width, patch, blocks, registers } = vit;
  const kind =
    registers > 0
      ? { architectures: ["Dinov2WithRegistersModel"], model_type: "dinov2_with_registers" }
      : { architectures: ["Dinov2Model"], model_type: "dinov2" };
  return {
    ...{ ...kind, torch_dtype: "float32" },
    ...{ image_size: size, patch_size: patch, num_channels: input.channels },
    ...{
      hidden_size: width,
      num_hidden_layers: blocks.length,
      num_attention_heads: heads,
      mlp_ratio: hidden / width,
    },
    ...{ hidden_act: "gelu", layer_norm_eps: eps, qkv_bias: qkvBias, use_swiglu_ffn: false },
    ...(registers > 0 && { num_register_tokens: registers }),
  };
}

function convNextConfig({ stages, head }: ConvNeXt, { size, input, description }: ExportFacts): object {
  if (description.family !== "convnext") throw new TypeError(`Expected a ConvNeXt, got ${description.family}`);
  return {
    ...{ architectures: ["ConvNextModel"], model_type: "convnext", torch_dtype: "float32" },
    ...{ image_size: size, patch_size: 4, num_channels: input.channels, num_stages: stages.length },
    ...{ hidden_sizes: description.widths, depths: description.counts, hidden_act: "gelu" },
    layer_norm_eps: head.norm.eps,
  };
}

function saveWeights(to: string, encoder: Encoder, { grid }: ExportFacts): void {
  noGrad(() =>
    scope(() => {
      const tensors = encoder instanceof VisionTransformer ? vitTensors(encoder, grid[0]) : mapTensors(encoder);
      saveSafetensors(to, tensors, { format: "pt" });
    }),
  );
}

function mapTensors(encoder: Encoder): Record<string, Tensor> {
  const tensors = encoder.stateDict();
  if (!(encoder instanceof ConvNeXt)) return renamed(tensors, dialectOf("transformers", RESNET_DIALECTS));
  return renamed(withScales(encoder), dialectOf("transformers", CONVNEXT_DIALECTS));
}

/** Where branches have no scale, one of ones: the same network, and other programs' ConvNeXts always have one. */
export function withScales(encoder: ConvNeXt): Record<string, Tensor> {
  const tensors = encoder.stateDict();
  for (const [s, { blocks }] of encoder.stages.entries()) {
    for (const [b, { gamma, norm }] of blocks.entries()) {
      if (gamma === null) tensors[`stages.${s}.blocks.${b}.gamma`] = ones([...norm.normalizedShape]);
    }
  }
  return tensors;
}

function vitTensors(vit: VisionTransformer, grid: number): Record<string, Tensor> {
  const { width, norm } = vit;
  const { classToken, registers, behindZeros } = placedFor(vit, grid);
  if (!classToken || !norm) throw new TypeError("Expected a ViT with a class token and a norm before pooling");
  const tensors: Record<string, Tensor> = {
    "embeddings.cls_token": classToken,
    "embeddings.mask_token": zeros([1, width]),
    ...(registers && { "embeddings.register_tokens": registers }),
    "embeddings.position_embeddings": behindZeros,
  };
  const put = (name: string, { weight, bias }: { weight: Tensor | null; bias: Tensor | null }) => {
    if (weight) tensors[`${name}.weight`] = weight;
    if (bias) tensors[`${name}.bias`] = bias;
  };
  put("embeddings.patch_embeddings.projection", vit.patch_embed.proj);
  for (const [i, { norm1, attn, ls1, norm2, mlp, ls2 }] of vit.blocks.entries()) {
    const name = `encoder.layer.${i}`;
    put(`${name}.norm1`, norm1);
    const { weight, bias } = attn.qkv;
    for (const [k, part] of ["query", "key", "value"].entries()) {
      const rows = (tensor: Tensor) => tensor.detach().narrow(0, k * width, width);
      put(`${name}.attention.attention.${part}`, { weight: rows(weight), bias: bias && rows(bias) });
    }
    put(`${name}.attention.output.dense`, attn.proj);
    tensors[`${name}.layer_scale1.lambda1`] = ls1?.gamma ?? ones([width]);
    put(`${name}.norm2`, norm2);
    put(`${name}.mlp.fc1`, mlp.fc1);
    put(`${name}.mlp.fc2`, mlp.fc2);
    tensors[`${name}.layer_scale2.lambda1`] = ls2?.gamma ?? ones([width]);
  }
  put("layernorm", norm);
  return tensors;
}
