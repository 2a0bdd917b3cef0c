import { expect, it } from "vitest";
import type { Config } from "../config/common.ts";
import { encoderMacs } from "../encoders/facts.ts";
import { resolveConfig, viewsAt } from "../methods/registry.ts";
import { trainingFlops } from "./flops.ts";

const macs = (flags: Record<string, unknown>) => encoderMacs(resolveConfig({ flags: { method: "simclr", ...flags } }));

it.each([
  // As counted for torchvision's and timm's models without their classifiers, convolutions and products alone.
  ["resnet18", { stem: "7x7" }, 1.8136e9],
  ["resnet34", { stem: "7x7" }, 3.6636e9],
  ["resnet50", { stem: "7x7" }, 4.0872e9],
  ["vit_tiny", {}, 1.2584e9],
  ["vit_base", {}, 17.5817e9],
])("%s has the multiply-adds that its papers' code has at 224 px", (encoder, more, expected) => {
  expect(macs({ encoder, size: 224, ...more }) / expected).toBeCloseTo(1, 2);
});

it("counts MAE's encoder on visible patches alone, by hand for one small model", () => {
  const config = resolveConfig({
    flags: {
      method: "mae",
      encoder: "vit_tiny",
      size: 64,
      patch: 16,
      mask_ratio: 0.75,
      decoder: "transformer",
      decoder_width: 128,
      decoder_depth: 2,
      decoder_heads: 4,
    },
  });
  const block = (n: number, w: number) => 12 * n * w * w + 2 * n * n * w;
  const encoder = 4 * 768 * 192 + 12 * block(5, 192);
  const decoder = 5 * 192 * 128 + 2 * block(17, 128) + 12 * 128 * 768;
  expect(trainingFlops(config)).toBe(6 * (encoder + decoder));
});

it("counts both views of SimCLR and its head, three times the forward pass", () => {
  const config = resolveConfig({
    flags: { method: "simclr", encoder: "resnet18", size: 32, projection_hidden: 512, projection_dim: 128 },
  });
  expect(trainingFlops(config)).toBe(6 * 2 * (encoderMacs(config) + 512 * (512 + 128)));
});

it("counts BYOL's target network forward alone", () => {
  const config = resolveConfig({
    flags: { method: "byol", encoder: "resnet18", size: 32, projection_hidden: 512, projection_dim: 128 },
  });
  const projected = encoderMacs(config) + 512 * (512 + 128);
  expect(trainingFlops(config)).toBe(6 * 2 * (projected + 2 * 512 * 128) + 2 * 2 * projected);
});

it("counts distillation's teacher forward alone, once for each image where what it says is kept", () => {
  const flags = { method: "distill", encoder: "resnet18", size: 64, teacher_encoder: "vit_tiny", teacher_patch: 16 };
  const teacher = encoderMacs({ encoder: "vit_tiny", size: 224, patch: 16 });
  const same = resolveConfig({ flags: { ...flags, teacher_size: 224 } });
  const heads = 512 * 384 + 4 * 512 * 192;
  expect(trainingFlops(same)).toBe(6 * (encoderMacs(same) + heads) + 2 * teacher);
  const resnet = { ...flags, teacher_encoder: "resnet18", teacher_stem: "7x7", teacher_size: 64 };
  const other = resolveConfig({ flags: { ...resnet, teacher_patch: null, patch_weight: 0 } });
  const seven = encoderMacs({ encoder: "resnet18", size: 64, patch: 16, stem: "7x7" });
  expect(trainingFlops(other)).toBe(6 * (encoderMacs(other) + 512 * 512) + 2 * seven);
  const whole = resolveConfig({
    flags: { ...flags, teacher_size: 224, teacher_view: "whole", patch_weight: 0, epochs: 10 },
  });
  expect(trainingFlops(whole)).toBe(6 * (encoderMacs(whole) + 512 * 384) + (2 * teacher) / 10);
});

it("counts VICReg's two views, its expander and a covariance of each", () => {
  const config = resolveConfig({
    flags: { method: "vicreg", encoder: "resnet18", size: 32, projection_hidden: 256, projection_dim: 128 },
  });
  const head = 512 * 256 + 256 * 256 + 256 * 128;
  expect(trainingFlops(config)).toBe(6 * 2 * (encoderMacs(config) + head + 128 * 128));
});

it("counts Barlow Twins' two views, its projector and one correlation", () => {
  const config = resolveConfig({
    flags: { method: "barlow", encoder: "resnet18", size: 32, projection_hidden: 256, projection_dim: 128 },
  });
  const head = 512 * 256 + 256 * 256 + 256 * 128;
  expect(trainingFlops(config)).toBe(6 * (2 * (encoderMacs(config) + head) + 128 * 128));
});

it("counts SimSiam's two views with projector and predictor", () => {
  const heads = { projection_hidden: 256, projection_dim: 128, predictor_hidden: 32 };
  const config = resolveConfig({ flags: { method: "simsiam", encoder: "resnet18", size: 32, ...heads } });
  const each = encoderMacs(config) + 512 * 256 + 256 * 256 + 256 * 128 + 2 * 128 * 32;
  expect(trainingFlops(config)).toBe(6 * 2 * each);
});

it("counts NNCLR's two views with both heads, and the look for neighbours forward alone", () => {
  const heads = { projection_hidden: 256, projection_dim: 128, predictor_hidden: 64, queue: 1000 };
  const config = resolveConfig({ flags: { method: "nnclr", encoder: "resnet18", size: 32, ...heads } });
  const each = encoderMacs(config) + 512 * 256 + 256 * 256 + 256 * 128 + 2 * 128 * 64;
  expect(trainingFlops(config)).toBe(6 * 2 * each + 2 * 2 * 128 * 1000);
});

it("counts MoCo v3's target network forward alone", () => {
  const heads = { projection_layers: 3, projection_hidden: 256, projection_dim: 128 };
  const config = resolveConfig({ flags: { method: "mocov3", encoder: "vit_tiny", size: 32, patch: 8, ...heads } });
  const projected = encoderMacs(config) + 384 * 256 + 256 * 256 + 256 * 128;
  expect(trainingFlops(config)).toBe(6 * 2 * (projected + 2 * 128 * 256) + 2 * 2 * projected);
});

it("counts views that grow on average over the steps, with the stem of the size that they end with", () => {
  const flags = { method: "simclr", encoder: "resnet18", stem: "auto", size: 96, size_start: 48, grow_until: 0.6 };
  const at = (size: number) =>
    trainingFlops(resolveConfig({ flags: { method: "simclr", encoder: "resnet18", stem: "7x7", size } }));
  const expected = 0.2 * (at(48) + at(64) + at(80)) + 0.4 * at(96);
  expect(trainingFlops(resolveConfig({ flags })) / expected).toBeCloseTo(1, 12);
});

it("counts local views that grow with the whole ones, whether half of these or with a size of their own", () => {
  const shape = { method: "dino", encoder: "resnet18", stem: "7x7" };
  const flags = { ...shape, size: 64, size_start: 32, grow_until: 0.5 };
  const own = resolveConfig({ flags: { ...flags, local_size: 32 } });
  const half = resolveConfig({ flags });
  const edges = (config: Config) => [32, 40, 48, 56, 64].map((edge) => viewsAt(config, edge).at(-1)!.size);
  expect([edges(own), edges(half)]).toEqual([
    [16, 24, 24, 32, 32],
    [16, 24, 24, 32, 32],
  ]);
  const at = (size: number, local_size: number) =>
    trainingFlops(resolveConfig({ flags: { ...shape, size, local_size } }));
  const growing = 0.125 * (at(32, 16) + at(40, 24) + at(48, 24) + at(56, 32)) + 0.5 * at(64, 32);
  for (const config of [own, half]) expect(trainingFlops(config) / growing).toBeCloseTo(1, 12);
});

it("counts SwAV's whole and local views with head and prototypes, and what is queued forward alone, shared by a batch", () => {
  const heads = { projection_hidden: 256, projection_dim: 128, prototypes: 100, queue: 64 };
  const config = resolveConfig({
    flags: { method: "swav", encoder: "resnet18", stem: "7x7", size: 64, batch: 32, local_views: 3, ...heads },
  });
  const head = 512 * 256 + 256 * 128 + 128 * 100;
  const [whole, local] = [64, 32].map((size) => encoderMacs({ ...config, size }) + head);
  expect(trainingFlops(config)).toBe(6 * (2 * whole! + 3 * local!) + 2 * ((2 * 64 * 128 * 100) / 32));
});

it("counts DINO's teacher on whole views alone, forward", () => {
  const heads = { head_hidden: 256, head_bottleneck: 64, outputs: 100 };
  const config = resolveConfig({
    flags: { method: "dino", encoder: "vit_tiny", size: 32, patch: 8, local_views: 4, ...heads },
  });
  const head = 384 * 256 + 256 * 256 + 256 * 64 + 64 * 100;
  const [whole, local] = [32, 16].map((size) => encoderMacs({ ...config, size }) + head);
  expect(trainingFlops(config)).toBe(6 * (2 * whole! + 4 * local!) + 2 * 2 * whole!);
});

it("counts MoCo v2's query with the queue that it asks, and its key forward alone", () => {
  const heads = { projection_hidden: 256, projection_dim: 128, queue: 1000 };
  const config = resolveConfig({ flags: { method: "mocov2", encoder: "resnet18", size: 32, ...heads } });
  const projected = encoderMacs(config) + 512 * 256 + 256 * 128;
  expect(trainingFlops(config)).toBe(6 * (projected + 128 * 1000) + 2 * projected);
});

it("counts iBOT's hidden patches, those of one view at 0.3 on average, and the teacher's head on all", () => {
  const heads = { head_hidden: 256, head_bottleneck: 64, outputs: 100 };
  const config = resolveConfig({
    flags: { method: "ibot", encoder: "vit_tiny", size: 32, patch: 8, local_views: 0, ...heads },
  });
  const narrow = 192 * 256 + 256 * 256 + 256 * 64;
  const whole = 2 * (encoderMacs(config) + narrow + 64 * 100);
  const hidden = 16 * 0.3;
  const expected = 6 * (whole + hidden * (narrow + 6400)) + 2 * (whole + 2 * 16 * narrow + hidden * 6400);
  expect(trainingFlops(config) / expected).toBeCloseTo(1, 10);
});
