import { manualSeed, noGrad, randn, scope, type Tensor, tensor } from "@unlabel/torch";
import { afterAll, describe, expect, it } from "vitest";
import { buildEncoder, type VisionTransformer } from "../../encoders/index.ts";
import { stepOn, told } from "../../testing/progress.ts";
import { gradients } from "../../train/micro-batches.ts";
import { createMethod, resolveConfig } from "../registry.ts";
import { Teacher } from "../shared/teacher.ts";
import { Distill } from "./method.ts";

const VIEW = { size: 24, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
manualSeed(1);
const network = buildEncoder({ family: "vit", size: 24, patch: 8, width: 24, depth: 1, heads: 2 }) as VisionTransformer;
const teacher = new Teacher(network, VIEW);
afterAll(() => teacher[Symbol.dispose]());

const flags = { method: "distill", encoder: "resnet18", size: 32, batch: 4, channels: 3 };

function distill(more: object = {}): Distill {
  manualSeed(0);
  const method = createMethod(resolveConfig({ flags: { ...flags, ...more } }), undefined, teacher);
  if (!(method instanceof Distill)) throw new TypeError("Expected Distill");
  return method;
}

const rowsOf = (x: Tensor) => {
  const width = x.shape.at(-1)!;
  const flat = x.contiguous().toNumbers();
  return Array.from({ length: flat.length / width }, (_, i) => flat.slice(i * width, (i + 1) * width));
};
const cosine = (a: number[], b: number[]) => {
  const dot = (x: number[], y: number[]) => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};
const mean = (numbers: number[]) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;

describe("the loss", () => {
  it("is, by a loop over images and places, 1 − cos of what is predicted and what the teacher makes of the same view", () => {
    scope(() => {
      const method = distill({ stem: "3x3", pooled_weight: 2, patch_weight: 0.5 }).eval();
      const views = randn([4, 3, 32, 32]);
      const { loss, logs } = method.loss([views]);
      const { features, tokens, grid } = noGrad(() => method.encoder.both(views));
      expect(grid).toEqual([4, 4]);
      const taught = teacher.see(views, { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] });
      const pooled = rowsOf(noGrad(() => method.projector!.call(features)));
      const wanted = rowsOf(taught.features);
      const places = rowsOf(noGrad(() => method.patch_projector!.call(tokens)));
      // The teacher's 3 × 3 places grow to the student's 4 × 4.
      const grown = taught.tokens.transpose(1, 2).reshape([4, 24, 3, 3]).upsampleBilinear2d([4, 4], false);
      const wantedPlaces = rowsOf(grown.flatten(2).transpose(1, 2));
      const similar = [
        mean(pooled.map((row, i) => cosine(row, wanted[i]!))),
        mean(places.map((row, i) => cosine(row, wantedPlaces[i]!))),
      ];
      expect(logs.pooled_similarity!.item()).toBeCloseTo(similar[0]!, 4);
      expect(logs.patch_similarity!.item()).toBeCloseTo(similar[1]!, 4);
      expect(loss.item()).toBeCloseTo(2 * (1 - similar[0]!) + 0.5 * (1 - similar[1]!), 4);
    });
  });

  it("is smooth L1 of the teacher's numbers at mean 0 and deviation 1, where asked for", () => {
    scope(() => {
      const method = distill({ distance: "smooth_l1", patch_weight: 0 }).eval();
      const views = randn([4, 3, 32, 32]);
      const { loss } = method.loss([views]);
      expect(method.patch_projector).toBeNull();
      const found = rowsOf(noGrad(() => method.projector!.call(method.encoder.features(views))));
      const wanted = rowsOf(teacher.see(views, { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] }).features).map((row) => {
        const centre = mean(row);
        const deviation = Math.sqrt(mean(row.map((one) => (one - centre) ** 2)) + 1e-6);
        return row.map((one) => (one - centre) / deviation);
      });
      const smooth = (d: number) => (d < 1 ? 0.5 * d * d : d - 0.5);
      const expected = mean(found.flatMap((row, i) => row.map((one, k) => smooth(Math.abs(one - wanted[i]![k]!)))));
      expect(loss.item()).toBeCloseTo(expected, 4);
    });
  });

  it("begins at a chance that who always says the teacher's mean would have, and tells of it once", () => {
    scope(() => {
      const method = distill({ patch_weight: 0 });
      expect(method.chance).toBeNull();
      const views = randn([4, 3, 32, 32]);
      told(method.loss([views]));
      const unit = rowsOf(teacher.see(views, { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] }).features).map((row) => {
        const length = Math.hypot(...row);
        return row.map((one) => one / length);
      });
      const centre = unit[0]!.map((_, k) => mean(unit.map((row) => row[k]!)));
      expect(method.chance).toBeCloseTo(1 - Math.hypot(...centre), 4);
      const before = method.chance;
      told(method.loss([randn([4, 3, 32, 32])]));
      expect(method.chance).toBe(before);
    });
  });
});

describe("the teacher", () => {
  it("sees views as it was trained to, at its own size, mean and deviation", () => {
    scope(() => {
      // Pixels of 0.7, 0.2 and 0.4 as a student sees them.
      const student = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.5, 1] };
      const pixels = [0.7, 0.2, 0.4];
      const views = randn([2, 3, 48, 48]).mul(0);
      for (const [c, value] of pixels.entries())
        views.narrow(1, c, 1).fill_((value - student.mean[c]!) / student.std[c]!);
      const own = randn([2, 3, 24, 24]).mul(0);
      for (const [c, value] of pixels.entries()) own.narrow(1, c, 1).fill_((value - VIEW.mean[c]!) / VIEW.std[c]!);
      const wanted = noGrad(() => network.both(own));
      const found = teacher.see(views, student);
      expect(found.features.sub(wanted.features).abs().amax().item()).toBeLessThan(1e-5);
      expect(found.grid).toEqual([3, 3]);
      expect(found.features.requiresGrad).toBe(false);
    });
  });

  it("sees the channels that it is told to", () => {
    scope(() => {
      const student = { mean: [0.1, 0.5, 0.5, 0.3], std: [0.1, 0.5, 0.5, 0.2] };
      const views = randn([2, 4, 24, 24]);
      const order = [3, 2, 1];
      const chosen = views.indexSelect(1, tensor(order, { dtype: "int64" }));
      const found = teacher.see(views, student, [4, 3, 2]);
      const wanted = teacher.see(chosen, {
        mean: order.map((i) => student.mean[i]!),
        std: order.map((i) => student.std[i]!),
      });
      expect(found.features.equal(wanted.features)).toBe(true);
    });
  });

  it("is no part of what is saved, trained or freed with the method", () => {
    scope(() => {
      const method = distill();
      const names = Object.keys(method.stateDict());
      expect(names.filter((name) => !/^(encoder|projector|patch_projector)\./.test(name))).toEqual([]);
      method.train();
      expect(network.training).toBe(false);
      expect(network.parameters()).toEqual([]);
      method.dispose();
      expect(teacher.see(randn([1, 3, 24, 24]), VIEW).features.shape).toEqual([1, 48]);
    });
  });

  it("is asked for where there is none, though a run is evaluated without", () => {
    scope(() => {
      const config = resolveConfig({ flags: { ...flags, teacher_encoder: "vit_tiny", teacher_pooling: "class" } });
      const method = createMethod(config) as Distill;
      expect(method.projector!.weight.shape).toEqual([192, 512]);
      expect(() => method.loss([randn([4, 3, 32, 32])])).toThrow("--teacher names it");
      expect(() => createMethod(resolveConfig({ flags }))).toThrow("Expected a teacher for distill, got none");
    });
  });
});

describe("whole images", () => {
  const whole = { teacher_view: "whole", patch_weight: 0, teacher_size: 24 };

  it("are seen by the teacher once each, the same to the bit whatever else is in a batch", () => {
    scope(() => {
      const method = distill(whole).eval();
      expect(method.views.map(({ size, flip, crop }) => [size, flip, crop.scale[0]])).toEqual([
        [32, 0.5, 0.2],
        [24, 0, 1],
      ]);
      const [seen, images] = [randn([4, 3, 32, 32]), randn([4, 3, 24, 24])];
      let asked = 0;
      const see = teacher.see.bind(teacher);
      teacher.see = (...args) => {
        asked += args[0].shape[0]!;
        return see(...args);
      };
      try {
        const step = (views: Tensor, ...images: number[]) =>
          told(method.loss([seen, views], { images: Int32Array.from(images) })).loss.item();
        const first = step(images, 7, 3, 4, 5);
        expect(asked).toBe(4);
        expect(step(images, 7, 3, 4, 5)).toBe(first);
        expect(asked).toBe(4);
        // Another order, and one that is new.
        const others = randn([4, 3, 24, 24]);
        others.narrow(0, 0, 3).copy_(images.narrow(0, 1, 3));
        step(others, 3, 4, 5, 9);
        expect(asked).toBe(5);
        // Of whom nobody says which images they are, nothing is kept.
        expect(told(method.loss([seen, images])).loss.item()).toBe(first);
        expect(asked).toBe(9);
        const alone = distill(whole).eval();
        const again = gradients({
          ...{ method: alone, views: [seen, images], progress: stepOn(4), microBatch: 2 },
          ...{ device: "cpu", precision: "fp32" },
        });
        expect(again.loss.item()).toBeCloseTo(first, 5);
      } finally {
        teacher.see = see;
      }
    });
  });

  it.each([
    [{ ...whole, patch_weight: 1 }, /^Expected patch_weight 0 with teacher_view whole.*--set patch_weight=0/],
    [{ ...whole, size_start: 16 }, "Expected no size_start with teacher_view whole"],
    [{ pooled_weight: 0, patch_weight: 0 }, "Expected a pooled_weight or a patch_weight above 0"],
    [{ teacher_encoder: "resnet50", teacher_pooling: "class" }, "Expected no teacher_pooling with teacher resnet50"],
    [{ teacher_encoder: "vit_tiny", teacher_patch: 14, teacher_size: 225 }, /patch 14 divides, got 225; nearest: 224/],
    [{ teacher_bands: [1, 4, 2] }, "Expected teacher_bands from 1 to 3"],
    [{ teacher_view: "half" }, "Expected one of same, whole for teacher_view"],
  ])("and other settings that contradict each other are refused: %j", (more, words) => {
    expect(() => resolveConfig({ flags: { ...flags, ...more } })).toThrow(words);
  });
});
