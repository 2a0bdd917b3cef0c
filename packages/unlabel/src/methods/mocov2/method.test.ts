import { manualSeed, noGrad, randn, scope, type Tensor } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import type { Config } from "../../config/common.ts";
import { withDraws } from "../../encoders/draws-in-use.ts";
import { cosine, mean, rowsOf } from "../../testing/naive.ts";
import { stepOn } from "../../testing/progress.ts";
import { ToyEncoder, trainOnToys } from "../../testing/toys.ts";
import { gradients } from "../../train/micro-batches.ts";
import { fit } from "../fit.ts";
import { presetConfig } from "../presets.ts";
import { createMethod, resolveConfig } from "../registry.ts";
import { sphereSpread } from "../shared/spread.ts";
import { about } from "./about.ts";
import { MocoV2 } from "./method.ts";

const tiny: Config = {
  ...presetConfig("mocov2", "small"),
  ...{ encoder: "vit_tiny", patch: 8, size: 16, batch: 4, projection_hidden: 32, projection_dim: 8, queue: 10 },
};

function moco(own: Record<string, unknown> = {}): MocoV2 {
  manualSeed(0);
  const method = createMethod({ ...tiny, ...own });
  if (!(method instanceof MocoV2)) throw new TypeError("Expected MoCo v2");
  return method;
}

const pair = (images = 4): Tensor => randn([2 * images, 3, 16, 16]);
const LATER = stepOn(4, { step: 50 });
const query = (method: MocoV2, x: Tensor) => rowsOf(noGrad(() => method.projector.call(method.encoder.features(x))));
const key = (method: MocoV2, x: Tensor) =>
  rowsOf(noGrad(() => method.target_projector.call(method.target_encoder.features(x))));

describe("MocoV2", () => {
  it("computes what its paper says, by a loop: first views ask for keys of second ones, among those of the queue", () => {
    scope(() => {
      const method = moco();
      // The copy is another network than the one that it follows.
      noGrad(() => method.projector.parameters()[0]!.add_(randn([32, 384]), { alpha: 0.05 }));
      const views = pair();
      const { loss, logs } = method.loss([views], LATER);
      const [one, two] = views.chunk(2, 0) as [Tensor, Tensor];
      const [q, k, rows] = [query(method, one), key(method, two), rowsOf(method.queue.rows)];
      const naive = q.map((row, i) => {
        const e = (other: number[]) => Math.exp(cosine(row, other) / 0.2);
        return -Math.log(e(k[i]!) / (e(k[i]!) + rows.reduce((sum, other) => sum + e(other), 0)));
      });
      expect(loss.item()).toBeCloseTo(mean(naive), 4);
      expect(logs.positive_similarity!.item()).toBeCloseTo(mean(q.map((row, i) => cosine(row, k[i]!))), 4);
    });
  });

  it("begins with its own keys in the queue, near chance, and then puts each step's keys into it", () => {
    scope(() => {
      const method = moco();
      const views = pair();
      const { loss } = method.loss([views], stepOn(4));
      expect(Math.abs(loss.item() - method.chance)).toBeLessThan(0.7);
      method.afterStep(stepOn(4));
      const first = key(method, views.chunk(2, 0)[1]!);
      const rows = rowsOf(method.queue.rows);
      for (const [i, row] of rows.entries()) expect(cosine(row, first[i % 4]!)).toBeCloseTo(1, 4);

      const later = pair();
      method.loss([later], stepOn(4, { step: 2 }));
      const second = key(method, later.chunk(2, 0)[1]!);
      expect(rowsOf(method.queue.rows)).toEqual(rows);
      method.afterStep(stepOn(4, { step: 2 }));
      const now = rowsOf(method.queue.rows);
      for (let i = 0; i < 4; i++) expect(cosine(now[i]!, second[i]!)).toBeCloseTo(1, 4);
      expect(now.slice(4)).toEqual(rows.slice(4));
      // Nothing new was seen since; a step that was not finished counts for nothing.
      method.loss([pair()], stepOn(4, { step: 3 }));
      method.loss([later], stepOn(4, { step: 4 }));
      method.afterStep(stepOn(4, { step: 4 }));
      expect(method.queue.next.item()).toBe(8);
    });
  });

  it("begins with a copy that is the network, of which nothing is trained and which follows", () => {
    scope(() => {
      const method = moco({ momentum_start: 0.9, momentum_end: 0.9 });
      const state = method.stateDict();
      for (const [name, tensor] of Object.entries(state)) {
        if (!name.startsWith("target_")) continue;
        expect.soft(tensor.requiresGrad, name).toBe(false);
        expect.soft(tensor.equal(state[name.slice("target_".length)]!), name).toBe(true);
      }
      const followed = state["target_encoder.blocks.0.attn.qkv.weight"]!;
      const before = followed.clone();
      noGrad(() => state["encoder.blocks.0.attn.qkv.weight"]!.add_(1));
      method.afterStep({ step: 7, total: 100, epoch: 1 });
      expect(followed.sub(before).mean().item()).toBeCloseTo(0.1, 5);
    });
  });

  it("cuts batches into groups that BatchNorm normalises by themselves, keys' in another order than queries'", () => {
    scope(() => {
      const method = moco({ encoder: "resnet18", batch: 8, batchnorm_groups: 4 }).train();
      const seen: Record<"queries" | "keys", Tensor[]> = { queries: [], keys: [] };
      for (const [what, encoder] of [
        ["queries", method.encoder],
        ["keys", method.target_encoder],
      ] as const) {
        const features = encoder.features.bind(encoder);
        encoder.features = (x) => {
          seen[what].push(x);
          return features(x);
        };
      }
      // The same images twice: what differs is how they are grouped.
      const images = randn([8, 3, 16, 16]);
      method.loss([images.repeat([2, 1, 1, 1])], stepOn(8));
      const groups = (of: Tensor[]) => of.map((x) => x.select(1, 0).select(1, 0).select(1, 0).toNumbers());
      expect(seen.queries.map(({ shape }) => shape[0])).toEqual([2, 2, 2, 2]);
      expect(groups(seen.queries).flat()).toEqual(groups([images])[0]);
      expect(groups(seen.keys).flat()).not.toEqual(groups([images])[0]);
      expect(groups(seen.keys).flat().toSorted()).toEqual(groups([images])[0]!.toSorted());
    });
  });

  it("leaves out branches of a ResNet image by image, in groups as in the whole batch", () => {
    scope(() => {
      const method = moco({ encoder: "resnet18", batch: 8, batchnorm_groups: 4, drop_path: 0.5 }).train();
      const step = stepOn(8);
      const { loss } = withDraws(step.draws, () => method.loss([pair(8)], step));
      expect(loss.item()).toBeGreaterThan(0);
    });
  });

  it("learns without collapsing", () => {
    scope(() => {
      manualSeed(0);
      const config = { ...tiny, batch: 32, queue: 64, momentum_start: 0.95, momentum_end: 0.95 };
      const method = new MocoV2(config as never, new ToyEncoder(), new ToyEncoder());
      const losses = trainOnToys(method, ([one, two], step) => {
        const views = one!.repeat([2, 1, 1, 1]);
        views.narrow(0, 32, 32).copy_(two!);
        return method.loss([views], stepOn(32, { step })).loss;
      });
      expect(mean(losses.slice(-10))).toBeLessThan(losses[0]!);
      expect(mean(losses.slice(-10))).toBeGreaterThan(method.floor);
      const spread = noGrad(() => sphereSpread(method.projector.call(method.encoder.features(randn([64, 3, 8, 8])))));
      expect(spread.item()).toBeGreaterThan(0.5);
    });
  });

  it("has the loss of a whole batch in parts, and then the same queue", () => {
    scope(() => {
      const outcome = (microBatch: number | null) => {
        const method = moco();
        manualSeed(1);
        const options = {
          method,
          views: [pair()],
          progress: LATER,
          microBatch,
          device: "cpu",
          precision: "fp32",
        } as const;
        const loss = gradients(options).loss.item();
        method.afterStep(LATER);
        return { loss, rows: method.queue.rows, next: method.queue.next.item() };
      };
      const [whole, parts] = [outcome(null), outcome(3)];
      expect(parts.loss).toBeCloseTo(whole.loss, 5);
      expect([whole.next, parts.next]).toEqual([4, 4]);
      expect(parts.rows.sub(whole.rows).abs().amax().item()).toBeLessThan(1e-5);
    });
  });

  it("has the paper's head of two layers, SimCLR's colours, and a queue of 65,536", () => {
    const method = moco();
    const shapes = Object.entries(method.projector.stateDict()).map(([name, { shape }]) => `${name} ${shape}`);
    expect(shapes).toEqual(["0.weight 32,384", "0.bias 32", "2.weight 8,32", "2.bias 8"]);
    expect(presetConfig("mocov2", "paper")).toMatchObject({
      ...{ queue: 65_536, temperature: 0.2, momentum_start: 0.999, momentum_end: 0.999, optimizer: "sgd", lr: 0.03 },
      ...{ brightness: 0.4, saturation: 0.4, hue: 0.1, blur_p: 0.5, crop_min: 0.2, batchnorm_groups: 8 },
    });
    method.dispose();
  });

  it("takes a queue of half the images where these are few", () => {
    const chosen = (images: number) => fit(about, { images, side: 96, channels: 3, device: "cpu" }, {}).settings.queue;
    expect([1, 500, 8191, 8192].map(chosen)).toEqual([1, 250, 4095, undefined]);
  });

  it.each([
    [{ batch: 1 }, "Expected at least 2 for batch, since MoCo v2's encoder normalises over a batch, got 1"],
    [
      { encoder: "resnet18", micro_batch: 1 },
      "Expected at least 2 for micro_batch, since MoCo v2's encoder normalises over a batch, got 1",
    ],
    [
      { encoder: "vit_tiny", batchnorm_groups: 2 },
      "Expected no batchnorm_groups with encoder vit_tiny, where it would change nothing",
    ],
    [{ queue: 0 }, "Expected a whole number from 1 to 10000000 for queue, got 0"],
    [{ momentum_start: 0.9, momentum_end: 0.5 }, "Expected at least momentum_start 0.9 for momentum_end, got 0.5"],
  ])("refuses %j in one line", (flags, line) => {
    expect(() => resolveConfig({ flags: { method: "mocov2", ...flags } })).toThrow(line);
  });
});
