import { manualSeed, noGrad, randn, scope, type Tensor } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import type { Config } from "../../config/common.ts";
import type { VisionTransformer } from "../../encoders/index.ts";
import { mean, rowsOf } from "../../testing/naive.ts";
import { stepOn } from "../../testing/progress.ts";
import { smallEncoder } from "../../testing/small-encoders.ts";
import { trainOnToys } from "../../testing/toys.ts";
import { presetConfig } from "../presets.ts";
import { createMethod, resolveConfig } from "../registry.ts";
import { blockMask } from "../shared/block-masking.ts";
import type { Centre } from "../shared/centre.ts";
import { dino } from "../shared/dino-loss.ts";
import { joined } from "../shared/local-views.ts";
import { prototypeChance } from "../shared/prototype-bounds.ts";
import { Ibot } from "./method.ts";

const tiny: Config = {
  ...presetConfig("ibot", "small"),
  ...{ size: 32, batch: 3, local_views: 2, head_hidden: 32, head_bottleneck: 8, outputs: 12 },
};

function ibot(own: Record<string, unknown> = {}): Ibot {
  manualSeed(0);
  const method = createMethod({ ...tiny, ...own });
  if (!(method instanceof Ibot)) throw new TypeError("Expected iBOT");
  return method;
}

const crops = (images = 3): Tensor[] => [
  ...[randn([images, 3, 32, 32]), randn([images, 3, 32, 32])],
  randn([2 * images, 3, 16, 16]),
];
const LATER = stepOn(3, { step: 50 });
const softmax = (row: number[]) => {
  const exps = row.map(Math.exp);
  return exps.map((e) => e / exps.reduce((a, b) => a + b, 0));
};

describe("Ibot", () => {
  it("computes what its paper says, by a loop: DINO's loss of masked views, and the same of each hidden patch", () => {
    scope(() => {
      const method = ibot().eval();
      noGrad(() => {
        method.mask_token.add_(randn([1, 1, 192]), { alpha: 0.02 });
        method.centre.value.add_(randn([12]), { alpha: 0.1 });
        method.patch_centre.value.add_(randn([12]), { alpha: 0.1 });
      });
      const views = crops();
      const { loss, logs, features } = method.loss(views, LATER);
      const whole = joined(views.slice(0, 2));
      const { mask } = blockMask(LATER.draws, { grid: [4, 4], views: 2, masked: 0.5, ratio: [0.1, 0.5] });
      const seen = noGrad(() => method.encoder.tokens(whole, { mask, maskToken: method.mask_token }));
      const target = noGrad(() => method.target_encoder.tokens(whole));
      const local = noGrad(() => method.encoder.features(views[2]!));
      const student = noGrad(() => method.head.call(joined([seen.classToken!, local])));
      const teacher = noGrad(() => method.target_head.call(target.classToken!));
      const classes = dino(student, teacher, 3, { teacherTemp: 0.07, centre: method.centre.value }).loss.item();
      const answers = (head: typeof method.head, tokens: Tensor) =>
        rowsOf(noGrad(() => head.call(tokens.reshape([-1, 192]))));
      const [given, wanted] = [answers(method.head, seen.tokens), answers(method.target_head, target.tokens)];
      const centre = method.patch_centre.value.toNumbers();
      const cross = (place: number) => {
        const p = softmax(wanted[place]!.map((t, k) => (t - centre[k]!) / 0.07));
        const q = softmax(given[place]!.map((s) => s / 0.1));
        return -p.reduce((sum, share, k) => sum + share * Math.log(q[k]!), 0);
      };
      const patches = rowsOf(mask).map((row, view) => {
        const hidden = [...row.keys()].filter((patch) => row[patch] === 1);
        return hidden.length === 0 ? 0 : mean(hidden.map((patch) => cross(16 * view + patch)));
      });
      expect(patches.filter((value) => value > 0)).toHaveLength(3);
      expect(logs.patch_loss!.item()).toBeCloseTo(mean(patches), 4);
      expect(loss.item()).toBeCloseTo(classes + mean(patches), 4);
      expect(features!.sub(seen.classToken!).abs().amax().item()).toBeLessThan(1e-5);
    });
  });

  it("moves both centres by the teacher's mean outputs, of images and of all patches", () => {
    scope(() => {
      const method = ibot({ center_momentum: 0 }).eval();
      const views = crops();
      const target = noGrad(() => method.target_encoder.tokens(joined(views.slice(0, 2))));
      const outputs = (tokens: Tensor) => noGrad(() => method.target_head.call(tokens.reshape([-1, 192])).mean([0]));
      const [images, patches] = [outputs(target.classToken!), outputs(target.tokens)];
      method.loss(views, LATER);
      method.afterStep(LATER);
      expect(method.centre.value.sub(images).abs().amax().item()).toBeLessThan(1e-5);
      expect(method.patch_centre.value.sub(patches).abs().amax().item()).toBeLessThan(1e-5);
      expect(images.sub(patches).abs().amax().item()).toBeGreaterThan(1e-4);
    });
  });

  it("shows the teacher everything, hides patches in whole views alone, and answers without masks as DINO does", () => {
    scope(() => {
      const method = ibot().eval();
      const asked: [string, number, boolean][] = [];
      for (const [who, encoder] of [
        ["student", method.encoder],
        ["teacher", method.target_encoder],
      ] as const) {
        const tokens = encoder.tokens.bind(encoder);
        encoder.tokens = (x, options = {}) => {
          asked.push([who, x.shape[2]!, options.mask !== undefined]);
          return tokens(x, options);
        };
      }
      const views = crops();
      method.loss(views, LATER);
      expect(asked).toEqual([
        ["student", 32, true],
        ["student", 16, false],
        ["teacher", 32, false],
      ]);

      const plain = ibot({ masked_views: 0 }).eval();
      const whole = joined(views.slice(0, 2));
      const student = joined([plain.encoder.features(whole), plain.encoder.features(views[2]!)]);
      const teacher = noGrad(() => plain.target_head.call(plain.target_encoder.features(whole)));
      const expected = dino(plain.head.call(student), teacher, 3, { teacherTemp: 0.07, centre: plain.centre.value });
      const found = plain.loss(views, LATER);
      expect(found.loss.item()).toBeCloseTo(expected.loss.item(), 5);
      expect(found.logs.patch_loss!.item()).toBe(0);
    });
  });

  it("collapses where teachers are not centred, or not sharpened, images and patches alike, and not where they are both", () => {
    /** Of the teacher's answers to images it has not seen: outputs in use, and the entropy of one answer, as a share of its most. */
    const used = (answers: Tensor, centre: Centre, temperature: number) => {
      const shares = answers.sub(centre.value).div(temperature).softmax(1);
      const entropy = (p: Tensor) => p.mul(p.add(1e-12).log()).sum([-1]).neg();
      return {
        outputs: Math.exp(entropy(shares.mean([0])).item()),
        sure: entropy(shares).mean().item() / Math.log(12),
      };
    };
    const found = (own: Record<string, unknown>, centred = true) =>
      scope(() => {
        manualSeed(0);
        const config = {
          ...{ ...tiny, size: 8, patch: 4, batch: 32, local_views: 0, momentum_start: 0.9, momentum_end: 0.9 },
          ...own,
        };
        const [encoder, target] = [0, 1].map(() => smallEncoder(config as never) as VisionTransformer);
        const method = new Ibot(config as never, encoder!, target!);
        trainOnToys(
          method,
          (views, step) => {
            if (!centred) for (const { value } of [method.centre, method.patch_centre]) noGrad(() => value.zero_());
            return method.loss(views, stepOn(32, { step: step + 1 })).loss;
          },
          { lr: 3e-3, steps: 60 },
        );
        method.eval();
        return noGrad(() => {
          const { tokens, classToken } = method.target_encoder.tokens(randn([64, 3, 8, 8]));
          const answers = [classToken!, tokens.reshape([-1, 48])].map((x) => method.target_head.call(x));
          const temperature = Number((config as Config).teacher_temp);
          if (!centred) for (const { value } of [method.centre, method.patch_centre]) value.zero_();
          return {
            images: used(answers[0]!, method.centre, temperature),
            patches: used(answers[1]!, method.patch_centre, temperature),
          };
        });
      });
    const [both, flat, one] = [found({}), found({ teacher_temp_start: 0.5, teacher_temp: 0.5 }), found({}, false)];
    for (const kind of ["images", "patches"] as const) {
      expect(both[kind].outputs).toBeGreaterThan(2.5);
      expect(both[kind].sure).toBeLessThan(0.8);
      // All answers as likely for every image.
      expect(flat[kind].sure).toBeGreaterThan(0.97);
      // One answer for every image.
      expect(one[kind].outputs).toBeLessThan(1.5);
    }
  });

  it("knows chance: of images, and of patches as often as views hide any", () => {
    scope(() => {
      const chance = prototypeChance(12);
      expect(ibot().chance).toBeCloseTo(1.5 * chance, 10);
      expect(ibot({ masked_views: 1, patch_weight: 2 }).chance).toBeCloseTo(3 * chance, 10);
      expect(ibot({ normalise_last: false }).floor).toBe(0);
    });
  });

  it("has features that are the class token, and one head for it and for patches", () => {
    scope(() => {
      const method = ibot();
      expect([method.encoder.dim, method.encoder.width, method.encoder.pooling]).toEqual([192, 192, "class"]);
      const heads = Object.keys(method.stateDict()).filter((name) => name.includes("last_layer.weight_v"));
      expect(heads).toEqual(["head.last_layer.weight_v", "target_head.last_layer.weight_v"]);
    });
    expect(() => createMethod({ ...tiny, pooling: "mean_max" })).toThrow(
      "Expected a ViT with pooling class or mean for iBOT, whose one head answers for images and patches, got mean_max",
    );
  });

  it("has the authors' settings in preset paper", () => {
    expect(presetConfig("ibot", "paper")).toMatchObject({
      ...{ outputs: 8192, local_views: 10, local_size: 96, crop_min: 0.25, local_crop_max: 0.25, epochs: 800 },
      ...{ masked_views: 0.5, mask_min: 0.1, mask_max: 0.5, normalise_last: false, drop_path: 0.1, patch_weight: 1 },
    });
  });

  it.each([
    [{ mask_min: 0.6, mask_max: 0.3 }, "Expected at least mask_min 0.6 for mask_max, got 0.3"],
    [{ encoder: "resnet18" }, 'Expected one of vit_tiny, vit_small, vit_base, vit_large for encoder, got "resnet18"'],
    [{ masked_views: 1.5 }, "Expected a number from 0 to 1 for masked_views, got 1.5"],
    [{ teacher_temp: 0.2 }, "Expected at most student_temp 0.1 for teacher_temp"],
  ])("refuses %j in one line", (flags, line) => {
    expect(() => resolveConfig({ flags: { method: "ibot", ...flags } })).toThrow(line);
  });
});
