// For transformers and transformers.js: config.json, model.safetensors under transformers' names, preprocessor_config.json, and ONNX files
// where transformers.js looks for them.
// A ViT is written as `dinov2`, whose block with layer scales of one is this ViT's, and whose pooled output is the class token: `vit` has a
// pooler behind it that no run trains.
import { noGrad, ones, saveSafetensors, scope, type Tensor, zeros } from "@unlabel/torch";
import { UserError } from "../../base/errors.ts";
import { writeAtomically } from "../../base/files.ts";
import { isOrdinary } from "../../data/input.ts";
import type { Encoder } from "../../encoders/encoder.ts";
import { aboutEncoder } from "../../encoders/facts.ts";
import { NORM_EPS } from "../../encoders/transformer.ts";
import { VisionTransformer } from "../../encoders/vit.ts";
import type { ExportFacts } from "../facts.ts";
import type { OutFile } from "../folder.ts";
import { onnxFile } from "../onnx/model.ts";
import { plainVit } from "../vit-form.ts";
import { positionsFor } from "./positions.ts";

/** The ONNX files that transformers.js asks for by its `dtype`: fp32, fp16, q8. */
const ONNX_FILES = [
  ["onnx/model.onnx", "fp32"],
  ["onnx/model_fp16.onnx", "fp16"],
  ["onnx/model_quantized.onnx", "int8"],
] as const;

/** See the head of this file; without preprocessor_config.json where images are no RGB of 8 bits, which is all that it can tell of. */
export function transformersFiles(encoder: Encoder, facts: ExportFacts): OutFile[] {
  checkForm(encoder, facts);
  const json = (path: string, value: object): OutFile => ({
    path,
    write: (to) => writeAtomically(to, `${JSON.stringify(value, null, 2)}\n`),
  });
  return [
    json("config.json", encoder instanceof VisionTransformer ? vitConfig(encoder, facts) : resnetConfig(facts)),
    ...(hasProcessor(facts) ? [json("preprocessor_config.json", processor(facts))] : []),
    { path: "model.safetensors", write: (to) => saveWeights(to, encoder, facts) },
    ...ONNX_FILES.map(([path, precision]) => ({
      path,
      write: (to: string) =>
        writeAtomically(to, onnxFile(encoder, facts, { precision, images: null, outputs: "transformers" })),
    })),
  ];
}

/** @throws {UserError} where transformers has no such network */
function checkForm(encoder: Encoder, { title }: ExportFacts): void {
  if (encoder instanceof VisionTransformer) plainVit(encoder);
  // Its bottlenecks are a quarter of what they give, which wide ones' are not.
  else if (encoder.stateDict()["layer1.0.conv1.weight"]?.shape[0] !== 64) {
    throw new UserError(
      `Expected a ResNet of the usual width for transformers, got ${title}; use --to timm or --to onnx`,
    );
  }
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
function vitConfig({ width, patch, blocks }: VisionTransformer, { size, input }: ExportFacts): object {
  return {
    ...{ architectures: ["Dinov2Model"], model_type: "dinov2", torch_dtype: "float32" },
    ...{ image_size: size, patch_size: patch, num_channels: input.channels },
    ...{
      hidden_size: width,
      num_hidden_layers: blocks.length,
      num_attention_heads: blocks[0]!.attn.heads,
      mlp_ratio: 4,
    },
    ...{ hidden_act: "gelu", layer_norm_eps: NORM_EPS, qkv_bias: true, use_swiglu_ffn: false },
  };
}

function saveWeights(to: string, encoder: Encoder, { grid }: ExportFacts): void {
  noGrad(() =>
    scope(() => {
      const tensors =
        encoder instanceof VisionTransformer ? vitTensors(encoder, grid[0]) : resnetTensors(encoder.stateDict());
      saveSafetensors(to, tensors, { format: "pt" });
    }),
  );
}

function resnetTensors(tensors: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  const part = (word: string) => (/^(bn|1)/.test(word) ? "normalization" : "convolution");
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => {
      const renamed = name
        .replace(/^(conv|bn)1\./, (_, kind: string) => `embedder.embedder.${part(kind)}.`)
        .replace(
          /^layer(\d)\.(\d+)\./,
          (_, stage: string, block: string) => `encoder.stages.${+stage - 1}.layers.${block}.`,
        )
        .replace(/\.(conv|bn)(\d)\./, (_, kind: string, place: string) => `.layer.${+place - 1}.${part(kind)}.`)
        .replace(/\.downsample\.(\d)\./, (_, place: string) => `.shortcut.${part(place)}.`);
      return [renamed, tensor] as const;
    }),
  );
}

function vitTensors(vit: VisionTransformer, grid: number): Record<string, Tensor> {
  const { width } = vit;
  const { classToken, norm } = plainVit(vit);
  const tensors: Record<string, Tensor> = {
    "embeddings.cls_token": classToken,
    "embeddings.mask_token": zeros([1, width]),
    "embeddings.position_embeddings": positionsFor(vit, grid),
  };
  const put = (name: string, { weight, bias }: { weight: Tensor | null; bias: Tensor | null }) => {
    if (weight) tensors[`${name}.weight`] = weight;
    if (bias) tensors[`${name}.bias`] = bias;
  };
  put("embeddings.patch_embeddings.projection", vit.patch_embed.proj);
  for (const [i, { norm1, attn, norm2, mlp }] of vit.blocks.entries()) {
    const name = `encoder.layer.${i}`;
    put(`${name}.norm1`, norm1);
    const { weight, bias } = attn.qkv;
    for (const [k, part] of ["query", "key", "value"].entries()) {
      const rows = (tensor: Tensor) => tensor.detach().narrow(0, k * width, width);
      put(`${name}.attention.attention.${part}`, { weight: rows(weight), bias: bias && rows(bias) });
    }
    put(`${name}.attention.output.dense`, attn.proj);
    tensors[`${name}.layer_scale1.lambda1`] = ones([width]);
    put(`${name}.norm2`, norm2);
    put(`${name}.mlp.fc1`, mlp.fc1);
    put(`${name}.mlp.fc2`, mlp.fc2);
    tensors[`${name}.layer_scale2.lambda1`] = ones([width]);
  }
  put("layernorm", norm);
  return tensors;
}
