// ONNX files in ONNX Runtime against the encoders that they were written from, with weights by formula.
import { noGrad, scope } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { describeEncoder, type EncoderDescription } from "../../encoders/description.ts";
import { aboutEncoder, type EncoderConfig, stemOf } from "../../encoders/facts.ts";
import { buildEncoder, createEncoder } from "../../encoders/registry.ts";
import { distance, leastCosine, ortTensor, runOnnx, session } from "../../testing/onnx.ts";
import { formulaNumbers, formulaState } from "../../testing/reference.ts";
import type { ExportFacts } from "../facts.ts";
import { onnxFile } from "./model.ts";

/** An encoder with weights by formula, and what an export says of it. */
function made(config: EncoderConfig & { channels: number }) {
  const encoder = createEncoder(config).eval();
  encoder.loadStateDict(formulaState(encoder.stateDict()));
  const { title, family } = aboutEncoder(config.encoder);
  const stem = stemOf(config);
  const shapes = (size: number) =>
    scope(() => {
      const { tokens, grid } = encoder.tokens(formulaNumbers("shape", [1, config.channels, size, size]));
      return { width: tokens.shape[2]!, grid };
    });
  const facts = (size: number): ExportFacts => ({
    ...{ run: "a", name: "test", method: { name: "simclr", title: "SimCLR", paper: "" }, architecture: config.encoder },
    ...{ title, family, stem, pools: family === "resnet" && stem === "7x7", size },
    description: describeEncoder(config),
    input: { channels: config.channels, bands: null, range: null, tiles: null },
    ...{ mean: Array(config.channels).fill(0.5), std: Array(config.channels).fill(0.5) },
    ...{ license: "unknown", unlabel: "0", step: 1, weightsAverage: null, dim: encoder.dim, ...shapes(size) },
  });
  return { encoder, facts };
}

const CASES = [
  { encoder: "resnet18", stem: "7x7", size: 64, channels: 3 },
  { encoder: "resnet18", stem: "3x3", size: 32, channels: 1 },
  { encoder: "resnet18", stem: "7x7", size: 70, channels: 5 },
  { encoder: "resnet50", stem: "7x7", size: 64, channels: 3 },
  { encoder: "vit_tiny", size: 32, patch: 8, channels: 3 },
  { encoder: "vit_tiny", size: 32, patch: 16, channels: 5 },
] as const;

describe.each(CASES)("$encoder, stem $stem, $channels channels, $size px", (shape) => {
  const config = { patch: 16, ...shape };
  it.each([
    ["fp32", 0.9999, 1e-4],
    ["fp16", 0.999, 0.05],
    ["int8", 0.99, 0.15],
  ] as const)("gives its features and tokens in %s, for batches of 1 and 3", async (precision, cosine, least) => {
    const { encoder, facts } = made(config);
    const model = await session(onnxFile(encoder, facts(config.size), { precision, images: null, outputs: "unlabel" }));
    expect(model.inputNames).toEqual(["pixel_values"]);
    for (const batch of [1, 3]) {
      const images = formulaNumbers(`images ${batch}`, [batch, config.channels, config.size, config.size]);
      const [features, tokens] = noGrad(() =>
        scope(() => [encoder.features(images).toNumbers(), encoder.tokens(images).tokens.contiguous().toNumbers()]),
      );
      const found = await runOnnx(model, { pixel_values: ortTensor(images) });
      const { width, grid } = facts(config.size);
      expect(found.features!.dims).toEqual([batch, encoder.dim]);
      expect(found.tokens!.dims).toEqual([batch, grid[0] * grid[1], width]);
      expect(leastCosine(found.features!.data, features!, encoder.dim)).toBeGreaterThan(cosine);
      expect(leastCosine(found.tokens!.data, tokens!, width)).toBeGreaterThan(cosine);
      expect(distance(found.features!.data, features!)).toBeLessThan(least);
      images.dispose();
    }
    encoder.dispose();
  });
});

const VIT = { family: "vit", size: 32, patch: 8, width: 48, depth: 2, heads: 3 } as const;
const CONVNEXT = { family: "convnext", counts: [1, 1, 2, 1], widths: [16, 24, 32, 48] } as const;

/** Small ones in every form that is read: exports of the real sizes differ in their length. */
const FORMS: readonly EncoderDescription[] = [
  { ...VIT, registers: 4, layerScale: 1, pooling: "class" },
  { ...VIT, registers: 2, prefixPositions: "all", pooling: "class_mean", normEps: 1e-3 },
  { ...VIT, prefixPositions: "none", pooling: "mean", qkvBias: false, mlpRatio: 2.5 },
  { ...VIT, classToken: false, pooling: "mean", pooledNorm: true },
  { ...VIT, classToken: false, registers: 1, prefixPositions: "all", pooledNorm: true },
  { ...VIT, pooledNorm: true, pooling: "class_mean", interpolation: "bicubic" },
  { ...VIT, interpolation: "offset", positions: "sincos" },
  { ...CONVNEXT },
  { ...CONVNEXT, layerScale: null, normEps: 1e-3, channels: 5 },
];

/** One of them with weights by formula. */
function formed(description: EncoderDescription) {
  const encoder = buildEncoder(description).eval();
  const state = formulaState(encoder.stateDict());
  const isFixed = "positions" in description;
  // Fixed ones stay.
  encoder.loadStateDict(isFixed ? { ...state, pos_embed: encoder.stateDict().pos_embed! } : state);
  return encoder;
}

function factsOf(description: EncoderDescription, size: number, dim: number): ExportFacts {
  const { family, channels = 3 } = description;
  const side = family === "vit" ? size / 8 : size / 32;
  return {
    ...{ run: "a", name: "test", method: { name: "simclr", title: "SimCLR", paper: "" }, architecture: "test" },
    ...{ title: "Test", family, stem: "7x7", pools: false, size, description, dim, width: 48, grid: [side, side] },
    input: { channels, bands: null, range: null, tiles: null },
    ...{ mean: Array(channels).fill(0.5), std: Array(channels).fill(0.5) },
    ...{ license: "unknown", unlabel: "0", step: 1, weightsAverage: null },
  };
}

it.each(FORMS)(
  "gives features and tokens of %j at its own size and another, in fp16 and int8 too",
  async (description) => {
    const encoder = formed(description);
    for (const size of description.family === "vit" ? [32, 48] : [32, 96]) {
      const facts = factsOf(description, size, encoder.dim);
      const images = formulaNumbers("images", [2, facts.input.channels, size, size]);
      const [features, tokens] = noGrad(() =>
        scope(() => [encoder.features(images).toNumbers(), encoder.tokens(images).tokens.contiguous().toNumbers()]),
      );
      for (const [precision, cosine] of [
        ["fp32", 0.99999],
        ["fp16", 0.999],
        ["int8", 0.99],
      ] as const) {
        const file = onnxFile(encoder, facts, { precision, images: null, outputs: "unlabel" });
        const found = await runOnnx(await session(file), { pixel_values: ortTensor(images) });
        expect(found.features!.dims).toEqual([2, encoder.dim]);
        expect(leastCosine(found.features!.data, features!, encoder.dim)).toBeGreaterThan(cosine);
        expect(leastCosine(found.tokens!.data, tokens!, 48)).toBeGreaterThan(cosine);
        if (precision === "fp32") expect(distance(found.features!.data, features!)).toBeLessThan(1e-4);
      }
      images.dispose();
    }
    encoder.dispose();
  },
);

it("gives a ConvNeXt's map and the norm of its mean as transformers does", async () => {
  const encoder = formed(CONVNEXT);
  const facts = factsOf(CONVNEXT, 64, encoder.dim);
  const file = onnxFile(encoder, facts, { precision: "fp32", images: null, outputs: "transformers" });
  const images = formulaNumbers("images", [2, 3, 64, 64]);
  const found = await runOnnx(await session(file), { pixel_values: ortTensor(images) });
  expect(found.last_hidden_state!.dims).toEqual([2, 48, 2, 2]);
  expect(found.pooler_output!.dims).toEqual([2, 48]);
  const features = noGrad(() => encoder.features(images));
  expect(distance(found.pooler_output!.data, features.toNumbers())).toBeLessThan(1e-4);
  encoder.dispose();
});

it("has a ViT's positions for another size than it was trained at", async () => {
  const { encoder, facts } = made({ encoder: "vit_tiny", size: 32, patch: 8, channels: 3 });
  for (const size of [48, 24]) {
    const file = onnxFile(encoder, facts(size), { precision: "fp32", images: null, outputs: "transformers" });
    const images = formulaNumbers("images", [2, 3, size, size]);
    const { tokens, classToken } = noGrad(() => encoder.tokens(images));
    const found = await runOnnx(await session(file), { pixel_values: ortTensor(images) });
    const count = (size / 8) ** 2;
    expect(found.last_hidden_state!.dims).toEqual([2, 1 + count, 192]);
    expect(distance(found.pooler_output!.data, classToken!.toNumbers())).toBeLessThan(1e-4);
    const second = found.last_hidden_state!.data.subarray((1 + count + 1) * 192);
    expect(distance(second, tokens.select(0, 1).contiguous().toNumbers())).toBeLessThan(1e-4);
  }
  encoder.dispose();
});

it("gives a ResNet's map and its mean as transformers does", async () => {
  const { encoder, facts } = made({ encoder: "resnet18", stem: "7x7", size: 64, patch: 16, channels: 3 });
  const file = onnxFile(encoder, facts(64), { precision: "fp32", images: null, outputs: "transformers" });
  const images = formulaNumbers("images", [2, 3, 64, 64]);
  const found = await runOnnx(await session(file), { pixel_values: ortTensor(images) });
  expect(found.last_hidden_state!.dims).toEqual([2, 512, 2, 2]);
  expect(found.pooler_output!.dims).toEqual([2, 512, 1, 1]);
  expect([...found.pooler_output!.data]).toEqual([...found.features!.data]);
  encoder.dispose();
});
