import { nn, ones } from "@unlabel/torch";
import { expect, it } from "vitest";
import { UserError } from "../base/errors.ts";
import { VisionTransformer, type VitOptions } from "../encoders/vit.ts";
import { vitForm } from "./vit-form.ts";

const made = (options: Partial<VitOptions> = {}) =>
  new VisionTransformer({ size: 16, patch: 8, width: 16, depth: 2, heads: 2, ...options });

it.each([
  [{}, { heads: 2, hidden: 64, eps: 1e-6, layerScale: false, qkvBias: true }],
  [{ positions: "sincos" }, { layerScale: false }],
  [
    { registers: 4, layerScale: 1e-5, normEps: 1e-12 },
    { layerScale: true, eps: 1e-12 },
  ],
  [
    { classToken: false, pooledNorm: true, mlpRatio: 2, qkvBias: false },
    { hidden: 32, qkvBias: false },
  ],
] as const)("knows every weight of a ViT with %j", (options, form) => {
  const vit = made(options);
  expect(vitForm(vit)).toMatchObject(form);
  vit.dispose();
});

it.each([
  ["more in a block", (vit: VisionTransformer) => Object.assign(vit.blocks[1]!, { gamma: nn.parameter(ones([16])) })],
  ["a norm before the blocks", (vit: VisionTransformer) => Object.assign(vit, { norm_pre: new nn.LayerNorm(16) })],
])("refuses one with %s", (_, change) => {
  const vit = made();
  change(vit);
  expect(() => vitForm(vit)).toThrow(UserError);
  vit.dispose();
});
