import { nn, ones } from "@unlabel/torch";
import { expect, it } from "vitest";
import { UserError } from "../base/errors.ts";
import { VisionTransformer } from "../encoders/vit.ts";
import { plainVit } from "./vit-form.ts";

const made = () => new VisionTransformer({ size: 16, patch: 8, width: 16, depth: 2, heads: 2 });

it("knows every weight of a plain ViT, with learnt and with fixed positions", () => {
  for (const positions of ["learned", "sincos"] as const) {
    const vit = new VisionTransformer({ size: 16, patch: 8, width: 16, depth: 2, heads: 2, positions });
    expect(plainVit(vit).classToken).toBe(vit.cls_token);
    expect(plainVit(vit).norm).toBe(vit.norm);
    vit.dispose();
  }
});

it.each([
  [
    "a scale of a branch",
    (vit: VisionTransformer) => Object.assign(vit.blocks[1]!, { gamma: nn.parameter(ones([16])) }),
  ],
  ["registers", (vit: VisionTransformer) => Object.assign(vit, { reg_token: nn.parameter(ones([1, 4, 16])) })],
  ["no class token", (vit: VisionTransformer) => Object.assign(vit, { cls_token: null })],
  ["other features of the same length", (vit: VisionTransformer) => Object.assign(vit, { pooling: "class_mean" })],
  ["other features", (vit: VisionTransformer) => Object.assign(vit, { dim: 16 })],
])("refuses one with %s", (_, change) => {
  const vit = made();
  change(vit);
  expect(() => plainVit(vit)).toThrow(UserError);
  vit.dispose();
});
