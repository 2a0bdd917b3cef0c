import { manualSeed, noGrad, randn, scope, type Tensor } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import type { Config } from "../../config/common.ts";
import { presetConfig } from "../presets.ts";
import { createMethod, resolveConfig } from "../registry.ts";
import { Byol } from "./method.ts";

const tiny: Config = {
  ...presetConfig("byol", "small"),
  size: 32,
  batch: 8,
  projection_hidden: 64,
  projection_dim: 16,
};

function byol(config: Config = tiny): Byol {
  manualSeed(0);
  const method = createMethod(config);
  if (!(method instanceof Byol)) throw new TypeError("Expected BYOL");
  return method;
}

const rowsOf = (x: Tensor) => {
  const width = x.shape[1]!;
  const flat = x.toNumbers();
  return Array.from({ length: x.shape[0]! }, (_, i) => flat.slice(i * width, (i + 1) * width));
};

describe("Byol", () => {
  it("computes what its paper says, by a loop over images: 2 − 2·cos of prediction and target, both ways", () => {
    scope(() => {
      const method = byol();
      const [one, two] = [randn([8, 3, 32, 32]), randn([8, 3, 32, 32])];
      const { loss } = method.loss([one, two]);
      const online = (x: Tensor) => method.predictor.call(method.projector.call(method.encoder.features(x)));
      const target = (x: Tensor) => method.target_projector.call(method.target_encoder.features(x));
      const [p1, p2, t1, t2] = noGrad(() => [online(one), online(two), target(one), target(two)].map(rowsOf));
      const cosine = (a: number[], b: number[]) => {
        const dot = (x: number[], y: number[]) => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
        return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
      };
      let sum = 0;
      for (let i = 0; i < 8; i++) sum += 4 - 2 * cosine(p1![i]!, t2![i]!) - 2 * cosine(p2![i]!, t1![i]!);
      expect(loss.item()).toBeCloseTo(sum / 8, 4);
    });
  });

  it("begins with a target that is the online network, of which nothing is trained", () => {
    scope(() => {
      const method = byol();
      const state = method.stateDict();
      for (const [name, tensor] of Object.entries(state)) {
        if (!name.startsWith("target_")) continue;
        expect.soft(tensor.requiresGrad, name).toBe(false);
        expect.soft(tensor.equal(state[name.slice("target_".length)]!), name).toBe(true);
      }
      expect(method.parameters()).toHaveLength(
        [method.encoder, method.projector, method.predictor].flatMap((part) => part.parameters()).length,
      );
    });
  });

  it("moves the target by 1 − m after a step, m from momentum_start by half a cosine to momentum_end", () => {
    scope(() => {
      for (const [step, momentum] of [
        [1, 0.9],
        [51, 0.95],
        [101, 1],
      ] as const) {
        const method = byol({ ...tiny, momentum_start: 0.9, momentum_end: 1 });
        const [online, target] = [method.encoder, method.target_encoder].map((net) => net.stateDict()["conv1.weight"]!);
        const before = target!.clone();
        noGrad(() => online!.add_(1));
        method.afterStep({ step, total: 100, epoch: 1 });
        const moved = target!.sub(before).mean().item();
        expect(moved).toBeCloseTo(1 - momentum, 5);
      }
    });
  });

  it("keeps the target's BatchNorm statistics its own: its passes move them, the online network's do not", () => {
    scope(() => {
      const method = byol().train();
      const mean = () => method.target_encoder.stateDict()["bn1.running_mean"]!.clone();
      const before = mean();
      method.afterStep({ step: 1, total: 10, epoch: 1 });
      expect(mean().equal(before)).toBe(true);
      method.loss([randn([8, 3, 32, 32]), randn([8, 3, 32, 32])]);
      expect(mean().equal(before)).toBe(false);
    });
  });

  it("asks for two unlike views: blur always and hardly ever, solarised never and at times", () => {
    const [one, two] = byol(resolveConfig({ flags: { method: "byol", preset: "paper", encoder: "resnet18" } })).views;
    expect(one).toMatchObject({ count: 1, size: 224, solarize: 0, blur: { p: 1, sigma: [0.1, 2], kernel: 23 } });
    expect(two).toMatchObject({ count: 1, size: 224, solarize: 0.2, blur: { p: 0.1, sigma: [0.1, 2], kernel: 23 } });
    for (const view of [one, two]) {
      expect(view!.color).toEqual({ brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1, p: 0.8 });
      expect(view!.crop.scale).toEqual([0.08, 1]);
    }
  });
});

describe("Byol's local views", () => {
  it("each predict both whole views' projections, and the loss is twice the mean over all pairs", () => {
    scope(() => {
      const method = byol({ ...tiny, encoder: "vit_tiny", patch: 8, local_views: 2 }).eval();
      const views = [randn([8, 3, 32, 32]), randn([8, 3, 32, 32]), randn([16, 3, 16, 16])];
      const { loss, features } = method.loss(views);
      const online = (x: Tensor) =>
        rowsOf(noGrad(() => method.predictor.call(method.projector.call(method.encoder.features(x)))));
      const target = (x: Tensor) =>
        rowsOf(noGrad(() => method.target_projector.call(method.target_encoder.features(x))));
      const [t1, t2] = [target(views[0]!), target(views[1]!)];
      const [l1, l2] = views[2]!.chunk(2, 0).map(online);
      const pairs = [
        [online(views[0]!), t2],
        [online(views[1]!), t1],
        ...[l1, l2].flatMap((local) => [t1, t2].map((whole) => [local!, whole])),
      ];
      const distance = (a: number[], b: number[]) => {
        const dot = (x: number[], y: number[]) => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
        return 2 - (2 * dot(a, b)) / Math.sqrt(dot(a, a) * dot(b, b));
      };
      const all = pairs.flatMap(([p, t]) => p!.map((row, i) => distance(row, t![i]!)));
      expect(loss.item()).toBeCloseTo((2 * all.reduce((a, b) => a + b, 0)) / all.length, 4);
      expect(features!.shape[0]).toBe(16);
    });
  });
});
