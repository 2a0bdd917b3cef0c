import { manualSeed, noGrad, randn, scope, type Tensor } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import type { Config } from "../../config/common.ts";
import { cosine, mean, rowsOf } from "../../testing/naive.ts";
import { ownLoss, ToyEncoder, trainOnToys } from "../../testing/toys.ts";
import { presetConfig } from "../presets.ts";
import { createMethod, resolveConfig } from "../registry.ts";
import { sphereSpread } from "../shared/spread.ts";
import { MocoV3 } from "./method.ts";

const tiny: Config = {
  ...presetConfig("mocov3", "small"),
  ...{ size: 32, batch: 4, projection_hidden: 64, projection_dim: 16 },
};

function moco(config: Config = tiny): MocoV3 {
  manualSeed(0);
  const method = createMethod(config);
  if (!(method instanceof MocoV3)) throw new TypeError("Expected MoCo v3");
  return method;
}

const pair = (images = 4): [Tensor, Tensor] => [randn([images, 3, 32, 32]), randn([images, 3, 32, 32])];

describe("MocoV3", () => {
  it("computes what its paper says, by a loop: predictions ask for the copy's keys of the other view, times 2τ", () => {
    scope(() => {
      const method = moco();
      // The copy is another network than the one that follows it not.
      noGrad(() => method.projector.parameters()[0]!.add_(randn([64, 384]), { alpha: 0.05 }));
      const views = pair();
      const { loss, logs } = method.loss(views);
      const q = views.map((x) =>
        rowsOf(noGrad(() => method.predictor.call(method.projector.call(method.encoder.features(x))))),
      );
      const k = views.map((x) => rowsOf(noGrad(() => method.target_projector.call(method.target_encoder.features(x)))));
      const way = (asking: number[][], keys: number[][]) =>
        mean(
          asking.map((row, i) => {
            const e = (j: number) => Math.exp(cosine(row, keys[j]!) / 0.2);
            return -Math.log(e(i) / keys.reduce((sum, _, j) => sum + e(j), 0));
          }),
        );
      expect(loss.item()).toBeCloseTo(0.4 * (way(q[0]!, k[1]!) + way(q[1]!, k[0]!)), 4);
      expect(logs.positive_similarity!.item()).toBeGreaterThanOrEqual(-1);
      expect(loss.item()).toBe(method.contrast(method.embed(views)).loss.item());
    });
  });

  it("begins with a copy that is the network, of which nothing is trained, and gives the keys no gradient", () => {
    scope(() => {
      const method = moco();
      const state = method.stateDict();
      for (const [name, tensor] of Object.entries(state)) {
        if (!name.startsWith("target_")) continue;
        expect.soft(tensor.requiresGrad, name).toBe(false);
        expect.soft(tensor.equal(state[name.slice("target_".length)]!), name).toBe(true);
      }
      const embeddings = method.embed(pair()).detach().requiresGrad_();
      method.contrast(embeddings).loss.backward();
      const [q1, q2, k1, k2] = embeddings.grad!.chunk(4, 0).map((x) => x.abs().amax().item());
      expect([k1, k2]).toEqual([0, 0]);
      expect(Math.min(q1!, q2!)).toBeGreaterThan(0);
    });
  });

  it("moves the copy by 1 − m after a step, m from momentum_start by half a cosine to momentum_end", () => {
    scope(() => {
      for (const [step, momentum] of [
        [1, 0.9],
        [51, 0.95],
        [101, 1],
      ] as const) {
        const method = moco({ ...tiny, momentum_start: 0.9, momentum_end: 1 });
        for (const [online, copy] of [
          [method.encoder, method.target_encoder],
          [method.projector, method.target_projector],
        ] as const) {
          const [name, weight] = online.namedParameters().find(([, { ndim }]) => ndim === 2)!;
          const followed = copy.stateDict()[name]!;
          const before = followed.clone();
          noGrad(() => weight.add_(1));
          method.afterStep({ step, total: 100, epoch: 1 });
          expect(followed.sub(before).mean().item()).toBeCloseTo(1 - momentum, 5);
          noGrad(() => weight.sub_(1));
        }
      }
    });
  });

  it("keeps a ViT's patch projection as it was drawn, unless it is told not to", () => {
    scope(() => {
      for (const frozen of [true, false]) {
        const method = moco({ ...tiny, frozen_patches: frozen });
        method.loss(pair()).loss.backward();
        const names = method.namedParameters().map(([name]) => name);
        expect(names.some((name) => name.startsWith("encoder.patch_embed."))).toBe(!frozen);
        expect(names).toContain("encoder.blocks.0.attn.qkv.weight");
        const { weight } = (method.encoder as unknown as { patch_embed: { proj: { weight: Tensor } } }).patch_embed
          .proj;
        expect(weight.grad === null).toBe(frozen);
      }
      const resnet = moco({ ...tiny, encoder: "resnet18" });
      expect(resnet.encoder.parameters()).toHaveLength(resnet.encoder.namedParameters().length);
      expect(resnet.namedParameters().map(([name]) => name)).toContain("encoder.conv1.weight");
    });
  });

  it("has fixed sine-cosine positions in both networks, which views that grow have resampled", () => {
    scope(() => {
      const method = moco();
      const state = method.stateDict();
      expect(state["encoder.pos_embed"]!.requiresGrad).toBe(false);
      expect(state["encoder.pos_embed"]!.equal(moco({ ...tiny, seed: 3 }).stateDict()["encoder.pos_embed"]!)).toBe(
        true,
      );
      const { loss } = method.loss([randn([4, 3, 16, 16]), randn([4, 3, 16, 16])]);
      expect(Number.isFinite(loss.item())).toBe(true);
    });
  });

  it("learns without collapsing, which would be chance", () => {
    scope(() => {
      manualSeed(0);
      const method = new MocoV3({ ...tiny, batch: 32 } as never, new ToyEncoder(), new ToyEncoder());
      const losses = trainOnToys(method, ownLoss(method));
      expect(mean(losses.slice(-10))).toBeLessThan(0.7 * losses[0]!);
      expect(mean(losses.slice(-10))).toBeGreaterThan(method.floor);
      expect(losses[0]!).toBeLessThan(2 * method.chance);
      const spread = noGrad(() =>
        sphereSpread(method.embed([randn([64, 3, 8, 8]), randn([64, 3, 8, 8])]).narrow(0, 128, 64)),
      );
      expect(spread.item()).toBeGreaterThan(0.5);
    });
  });

  it("has the authors' heads: three layers for ViTs, BatchNorm without scale at the end of projector and predictor", () => {
    const method = moco();
    const shapes = (head: MocoV3["projector"]) =>
      Object.entries(head.stateDict()).flatMap(([name, { shape }]) =>
        /weight|bias|mean/.test(name) ? [`${name} ${shape}`] : [],
      );
    expect(shapes(method.projector)).toEqual([
      ...[
        "0.weight 64,384",
        "1.weight 64",
        "1.bias 64",
        "1.running_mean 64",
        "3.weight 64,64",
        "4.weight 64",
        "4.bias 64",
      ],
      ...["4.running_mean 64", "6.weight 16,64", "7.running_mean 16"],
    ]);
    expect(shapes(method.predictor)).toEqual([
      ...["0.weight 64,16", "1.weight 64", "1.bias 64", "1.running_mean 64", "3.weight 16,64", "4.running_mean 16"],
    ]);
    const two = moco({ ...tiny, encoder: "resnet18", projection_layers: 2 });
    expect(shapes(two.projector).filter((name) => /^\d.weight/.test(name) && name.includes(","))).toEqual([
      "0.weight 64,512",
      "3.weight 16,64",
    ]);
    expect(presetConfig("mocov3", "paper")).toMatchObject({
      encoder: "vit_small",
      projection_hidden: 4096,
      temperature: 0.2,
      weight_decay: 0.1,
    });
    for (const one of [method, two]) one.dispose();
  });

  it.each([
    [{ batch: 1 }, "Expected at least 2 for batch, since MoCo v3's heads normalise over a batch, got 1"],
    [{ momentum_start: 0.9, momentum_end: 0.5 }, "Expected at least momentum_start 0.9 for momentum_end, got 0.5"],
    [
      { encoder: "resnet18", frozen_patches: true },
      "Expected no frozen_patches with encoder resnet18, where it would change nothing",
    ],
    [{ stem: "7x7" }, "Expected no stem with encoder vit_tiny, where it would change nothing"],
  ])("refuses %j in one line", (flags, line) => {
    expect(() => resolveConfig({ flags: { method: "mocov3", ...flags } })).toThrow(line);
  });
});
