// SimCLR's local views and the decoupled loss: settings, views, work, and a batch in parts.
import { manualSeed, memory, randn, scope, type Tensor } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import type { Config } from "../../config/common.ts";
import { encoderMacs } from "../../encoders/facts.ts";
import { stepOn } from "../../testing/progress.ts";
import { trainingFlops } from "../../train/flops.ts";
import { firstViews, twoViews } from "../../train/look.ts";
import { gradients } from "../../train/micro-batches.ts";
import { learntShare, lossWords } from "../about.ts";
import { createMethod, resolveConfig, smallestView } from "../registry.ts";
import { about } from "./about.ts";

const config = (flags: Record<string, unknown>): Config =>
  resolveConfig({ flags: { method: "simclr", preset: "small", projection_hidden: 16, projection_dim: 8, ...flags } });
const VIT = { encoder: "vit_tiny", patch: 8, size: 16, batch: 5 };
const LOCAL = { local_views: 3, local_size: 8 };

/** Views of a method for so many images. */
const viewsOf = (settings: Config, images: number): Tensor[] => {
  const method = createMethod(settings);
  const found = method.views.map(({ count, size }) => randn([count * images, 3, size, size]));
  method.dispose();
  return found;
};

describe("settings of local views", () => {
  const specs = (flags: Record<string, unknown>) => {
    const method = createMethod(config(flags));
    method.dispose();
    return method.views;
  };

  it("leave the views of old runs as they were, and add a kind of view where they are asked for", () => {
    const [two, ...more] = specs({ size: 64 });
    expect(more).toEqual([]);
    const [global, local, ...none] = specs({ size: 64, local_views: 4, blur_p: 0.5 });
    expect(none).toEqual([]);
    expect({ ...global, blur: null }).toEqual(two);
    expect(local).toEqual({
      ...global,
      count: 4,
      size: 32,
      crop: { scale: [0.05, 0.25], ratio: [3 / 4, 4 / 3] },
      blur: { ...global!.blur!, kernel: 3 },
    });
    expect(smallestView(config({ size: 64, local_views: 4 }))).toBe(32);
    const own = { local_views: 1, local_size: 24, local_crop_min: 0.1, local_crop_max: 0.4 };
    expect(specs({ size: 64, ...own })[1]).toMatchObject({ count: 1, size: 24, crop: { scale: [0.1, 0.4] } });
  });

  it("take half of the size, for a ViT what its patch divides", () => {
    const local = (flags: Record<string, unknown>) => specs({ local_views: 1, ...flags })[1]!.size;
    expect(local({ size: 50 })).toBe(25);
    expect(local({ encoder: "vit_tiny", patch: 16, size: 48 })).toBe(16);
    expect(local({ encoder: "vit_tiny", patch: 16, size: 16 })).toBe(16);
  });

  it.each([
    [{ local_size: 32 }, "Expected no local_size with local_views 0, where it would change nothing"],
    [{ local_crop_min: 0.1 }, "Expected no local_crop_min with local_views 0"],
    [{ local_views: 17 }, "Expected a whole number from 0 to 16 for local_views, got 17"],
    [{ local_views: 2, local_size: 65, size: 64 }, "Expected at most size (64 px) for local_size, got 65"],
    [
      { ...{ local_views: 2, local_size: 24 }, ...{ encoder: "vit_tiny", patch: 16, size: 64 } },
      "Expected a local_size that patch 16 divides, got 24",
    ],
    [
      { positive_sigma: 0.5 },
      "Expected no positive_sigma with decoupled false, whose positives all weigh the same, got 0.5; set decoupled=true too",
    ],
    [{ local_views: 2, local_crop_min: 0.5 }, "Expected at least local_crop_min 0.5 for local_crop_max, got 0.25"],
  ])("are refused in one line where they make no sense: %j", (flags, line) => {
    expect(() => config(flags)).toThrow(line);
  });

  it("count in the work of a step, with the stem of the whole views", () => {
    const head = 16 * (512 + 8);
    const [plain, local] = [config({ size: 128 }), config({ size: 128, local_views: 4, local_size: 32 })];
    const small = encoderMacs({ ...plain, size: 32, stem: "7x7" });
    expect(trainingFlops(plain)).toBe(6 * 2 * (encoderMacs(plain) + head));
    expect(trainingFlops(local)).toBe(6 * (2 * (encoderMacs(plain) + head) + 4 * (small + head)));
  });
});

describe.each([
  ["local views", LOCAL],
  ["decoupled", { decoupled: true }],
  ["both", { ...LOCAL, decoupled: true }],
  ["both, positives weighted", { ...LOCAL, decoupled: true, positive_sigma: 0.5 }],
])("%s", (_, own) => {
  const settings = config({ ...VIT, ...own });

  it("sends each size through the encoder by itself, and all through the head at once", () => {
    scope(() => {
      manualSeed(0);
      const method = createMethod({ ...settings, temperature: 100 });
      const shapes: number[][] = [];
      const features = method.encoder.features.bind(method.encoder);
      method.encoder.features = (x) => {
        shapes.push([...x.shape]);
        return features(x);
      };
      const output = method.loss(viewsOf(settings, 5), stepOn(5));
      const local = "local_views" in own ? [[15, 3, 8, 8]] : [];
      expect(shapes).toEqual([[10, 3, 16, 16], ...local]);
      expect([output.features!.shape, output.features!.requiresGrad]).toEqual([[10, method.encoder.dim], false]);
      expect(method.embed!(viewsOf(settings, 5), stepOn(5)).shape).toEqual([10 + (local[0]?.[0] ?? 0), 8]);
      // Cosines differ by 2 at most: so close, whatever the weights. ln 9 and ln 8 are further apart.
      expect(Math.abs(output.loss.item() - method.chance!)).toBeLessThan(2 / 100);
      expect(method.floor).toBeLessThan(method.chance!);
      expect(Object.keys(output.logs).includes("local_accuracy")).toBe("local_views" in own);
    });
  });

  it.each([
    [2, false],
    [1, true],
    [null, true],
  ])("has the loss and gradients of the whole batch in parts of %s, computed again: %s", (microBatch, recompute) => {
    manualSeed(0);
    const method = createMethod({ ...settings, drop_path: 0.3 }).train();
    scope(() => {
      const views = viewsOf(settings, 5);
      const outcome = (part: number | null, again: boolean) => {
        const run = { method, views, progress: stepOn(5), microBatch: part, recompute: again };
        const { loss, logs } = gradients({ ...run, device: "cpu", precision: "fp32" });
        const grads = Object.fromEntries(method.namedParameters().map(([name, { grad }]) => [name, grad!.clone()]));
        method.zeroGrad();
        return { loss: loss.item(), logs: Object.values(logs).map((value) => value.item()), grads };
      };
      const [whole, parts] = [outcome(null, false), outcome(microBatch, recompute)];
      expect(parts.loss).toBeCloseTo(whole.loss, 5);
      for (const [i, value] of whole.logs.entries()) expect(parts.logs[i]).toBeCloseTo(value, 5);
      for (const [name, grad] of Object.entries(whole.grads)) {
        const scale = Math.max(1e-3, grad.abs().amax().item());
        expect.soft(grad.abs().amax().item(), name).toBeGreaterThan(0);
        expect.soft(parts.grads[name]!.sub(grad).abs().amax().item() / scale, name).toBeLessThan(1e-5);
      }
      const before = memory().liveTensors;
      scope(() => void outcome(microBatch, recompute));
      expect(memory().liveTensors).toBe(before);
    });
    method.dispose();
  });
});

it("the watch compares the two whole views, whatever the size of the others", () => {
  scope(() => {
    for (const size of [8, 16]) {
      const method = createMethod(config({ ...VIT, local_views: 2, local_size: size }));
      const pair = twoViews(method.views)!;
      expect(pair).toEqual([
        { spec: 0, view: 0 },
        { spec: 0, view: 1 },
      ]);
      const views = method.views.map((spec) => randn([spec.count * 5, 3, spec.size, spec.size]));
      expect(firstViews(views, method.views, pair, 3).shape).toEqual([6, 3, 16, 16]);
    }
  });
});

it("says what the loss is, and how much of its way must be gone for anything to be learnt", () => {
  const [plain, decoupled] = [config({}), config({ decoupled: true })];
  expect([lossWords(about, plain), learntShare(about, plain)]).toEqual(["NT-Xent", 0.005]);
  expect(lossWords(about, decoupled)).toBe("NT-Xent without the positive in the denominator");
  expect(lossWords(about, config({ decoupled: true, positive_sigma: 0.5 }))).toBe(
    "NT-Xent without the positive in the denominator, positives weighted",
  );
  expect(learntShare(about, decoupled)).toBeCloseTo(0.0024, 4);
});
