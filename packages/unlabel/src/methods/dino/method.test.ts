import { manualSeed, noGrad, randn, scope, type Tensor } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import type { Config } from "../../config/common.ts";
import { mean, rowsOf } from "../../testing/naive.ts";
import { stepOn } from "../../testing/progress.ts";
import { ToyEncoder, trainOnToys } from "../../testing/toys.ts";
import { gradients } from "../../train/micro-batches.ts";
import { makeOptimizer, setRates } from "../../train/optimizer.ts";
import { fit } from "../fit.ts";
import { presetConfig } from "../presets.ts";
import { createMethod, resolveConfig } from "../registry.ts";
import { dino as dinoLoss } from "../shared/dino-loss.ts";
import { joined } from "../shared/local-views.ts";
import { sphereSpread } from "../shared/spread.ts";
import { about } from "./about.ts";
import { Dino } from "./method.ts";

const tiny: Config = {
  ...presetConfig("dino", "small"),
  ...{ size: 16, batch: 4, local_views: 3, head_hidden: 32, head_bottleneck: 8, outputs: 12 },
};

function dino(own: Record<string, unknown> = {}): Dino {
  manualSeed(0);
  const method = createMethod({ ...tiny, ...own });
  if (!(method instanceof Dino)) throw new TypeError("Expected DINO");
  return method;
}

const crops = (images = 4): Tensor[] => [
  ...[randn([images, 3, 16, 16]), randn([images, 3, 16, 16])],
  randn([3 * images, 3, 8, 8]),
];
const LATER = stepOn(4, { step: 50 });

describe("Dino", () => {
  it("is the loss between the student's answers to all views and the teacher's to the whole ones", () => {
    scope(() => {
      const method = dino().eval();
      noGrad(() => method.centre.value.add_(randn([12]), { alpha: 0.1 }));
      const views = crops();
      const { loss, features } = method.loss(views, LATER);
      // View by view: nothing depends on what else goes through the network.
      const cat = (parts: number[][][]) => parts.flat();
      const answers = (x: Tensor) => rowsOf(noGrad(() => method.head.call(method.encoder.features(x))));
      const teach = (x: Tensor) => rowsOf(noGrad(() => method.target_head.call(method.target_encoder.features(x))));
      const student = cat([answers(views[0]!), answers(views[1]!), ...views[2]!.chunk(3, 0).map(answers)]);
      const teacher = cat([teach(views[0]!), teach(views[1]!)]);
      const centre = method.centre.value.toNumbers();
      const temp = 0.07;
      const softmax = (row: number[]) => {
        const exps = row.map(Math.exp);
        return exps.map((e) => e / exps.reduce((a, b) => a + b, 0));
      };
      const terms = [0, 1].flatMap((g) =>
        [0, 1, 2, 3, 4]
          .filter((v) => v !== g)
          .flatMap((v) =>
            [0, 1, 2, 3].map((i) => {
              const wanted = softmax(teacher[4 * g + i]!.map((t, k) => (t - centre[k]!) / temp));
              const given = softmax(student[4 * v + i]!.map((s) => s / 0.1));
              return -wanted.reduce((sum, p, k) => sum + p * Math.log(given[k]!), 0);
            }),
          ),
      );
      expect(loss.item()).toBeCloseTo(mean(terms), 4);
      expect(features!.shape).toEqual([8, method.encoder.dim]);
    });
  });

  it("sends each size through the encoder once, and whole views alone through the teacher's", () => {
    scope(() => {
      const method = dino();
      const shapes: Record<"student" | "teacher", number[][]> = { student: [], teacher: [] };
      for (const [who, encoder] of [
        ["student", method.encoder],
        ["teacher", method.target_encoder],
      ] as const) {
        const features = encoder.features.bind(encoder);
        encoder.features = (x) => {
          shapes[who].push([...x.shape]);
          return features(x);
        };
      }
      method.loss(crops(), LATER);
      expect(shapes).toEqual({
        student: [
          [8, 3, 16, 16],
          [12, 3, 8, 8],
        ],
        teacher: [[8, 3, 16, 16]],
      });
    });
  });

  it("begins with a teacher that is the student, of which nothing is trained and which follows after a step", () => {
    scope(() => {
      const method = dino({ momentum_start: 0.9 });
      const state = method.stateDict();
      for (const [name, tensor] of Object.entries(state)) {
        if (!name.startsWith("target_")) continue;
        expect.soft(tensor.requiresGrad, name).toBe(false);
        expect.soft(tensor.equal(state[name.slice("target_".length)]!), name).toBe(true);
      }
      for (const name of ["encoder.blocks.0.attn.qkv.weight", "head.last_layer.weight_v"]) {
        const [own, followed] = [state[name]!, state[`target_${name}`]!];
        const before = followed.clone();
        noGrad(() => own.add_(1));
        method.afterStep({ step: 51, total: 100, epoch: 1 });
        // Half of the way from 0.9 to 1.
        expect(followed.sub(before).mean().item()).toBeCloseTo(0.05, 5);
      }
    });
  });

  it("raises the teacher's temperature in a straight line, and the weight decay of matrices by half a cosine", () => {
    scope(() => {
      const method = dino({ weight_decay: 0.04, weight_decay_end: 0.4 });
      const config = { ...tiny, weight_decay: 0.04, weight_decay_end: 0.4 };
      const optimizer = makeOptimizer(config, method);
      const decays = (step: number) => {
        setRates(optimizer, config, method, 1e-3, { step, total: 100, epoch: 1 });
        return optimizer.groups.map(({ weightDecay }) => weightDecay);
      };
      expect(decays(1)).toEqual([expect.closeTo(0.04, 10), 0]);
      expect(decays(51)).toEqual([expect.closeTo(0.22, 10), 0]);
      expect(decays(101)).toEqual([expect.closeTo(0.4, 10), 0]);
      expect(optimizer.groups.flatMap(({ params }) => params)).toHaveLength(method.parameters().length);
      expect(optimizer.groups[1]!.params.every(({ ndim }) => ndim === 1)).toBe(true);
      optimizer.dispose();

      method.eval();
      const views = crops().slice(0, 2);
      const [both, lossAt] = [joined(views), (step: number) => method.loss(views, stepOn(4, { step })).loss.item()];
      // Nothing moves between these steps: the temperature alone changes.
      const answers = method.head.call(method.encoder.features(both));
      const expected = (teacherTemp: number) =>
        dinoLoss(answers, answers, 4, { teacherTemp, centre: method.centre.value }).loss.item();
      for (const [step, temp] of [
        [2, 0.041],
        [16, 0.055],
        [31, 0.07],
        [90, 0.07],
      ] as const)
        expect(lossAt(step)).toBeCloseTo(expected(temp), 5);
    });
  });

  it("leaves the last layer as it was drawn in the first epoch", () => {
    scope(() => {
      const gradient = (step: number) => {
        const method = dino();
        method.loss(crops(), stepOn(4, { step })).loss.backward();
        expect(method.head.mlp.parameters()[0]!.grad).not.toBeNull();
        return method.head.last_layer.weight_v.grad !== null;
      };
      expect([gradient(1), gradient(10), gradient(11)]).toEqual([false, false, true]);
    });
  });

  it("collapses where the teacher is not centred, or not sharpened, and not where it is both", () => {
    const found = (own: Record<string, unknown>, centred = true) =>
      scope(() => {
        manualSeed(0);
        const config = { ...tiny, batch: 32, local_views: 0, momentum_start: 0.9, momentum_end: 0.9, ...own };
        const method = new Dino(config as never, new ToyEncoder(), new ToyEncoder());
        let last = { used: 0, entropy: 0 };
        const losses = trainOnToys(
          method,
          (views, step) => {
            if (!centred) noGrad(() => method.centre.value.zero_());
            const { loss, logs } = method.loss(views, stepOn(32, { step: step + 1 }));
            last = { used: logs.outputs_in_use!.item(), entropy: logs.teacher_entropy!.item() };
            return loss;
          },
          { lr: 3e-3, steps: 120 },
        );
        return { ...last, loss: mean(losses.slice(-10)), chance: method.chance };
      });
    const [both, flat, one] = [found({}), found({ teacher_temp_start: 0.5, teacher_temp: 0.5 }), found({}, false)];
    expect(both.used).toBeGreaterThan(6);
    expect(both.entropy).toBeLessThan(0.7 * both.chance);
    expect(both.loss).toBeLessThan(0.8 * both.chance);
    // All answers as likely for every image.
    expect(flat.entropy).toBeGreaterThan(0.99 * flat.chance);
    // One answer for every image.
    expect(one.used).toBeLessThan(1.1);
  });

  it("has the loss of a whole batch in parts, and then the same centre", () => {
    scope(() => {
      const outcome = (microBatch: number | null) => {
        const method = dino().eval();
        manualSeed(1);
        const options = {
          method,
          views: crops(),
          progress: LATER,
          microBatch,
          device: "cpu",
          precision: "fp32",
        } as const;
        const loss = gradients(options).loss.item();
        method.afterStep(LATER);
        return { loss, centre: method.centre.value };
      };
      const [whole, parts] = [outcome(null), outcome(3)];
      expect(parts.loss).toBeCloseTo(whole.loss, 5);
      expect(whole.centre.abs().amax().item()).toBeGreaterThan(1e-4);
      expect(parts.centre.sub(whole.centre).abs().amax().item()).toBeLessThan(1e-6);
    });
  });

  it("asks for two unlike whole views, and local ones that are blurred half of the time", () => {
    manualSeed(0);
    const own = { encoder: "vit_tiny", head_hidden: 32, outputs: 20 };
    const method = createMethod(resolveConfig({ flags: { method: "dino", preset: "paper", ...own } }));
    const [one, two, local, ...none] = method.views;
    expect(none).toEqual([]);
    expect(one).toMatchObject({ count: 1, size: 224, blur: { p: 1 }, solarize: 0, crop: { scale: [0.4, 1] } });
    expect(two).toMatchObject({ count: 1, size: 224, blur: { p: 0.1 }, solarize: 0.2, crop: { scale: [0.4, 1] } });
    expect(local).toMatchObject({ count: 8, size: 96, blur: { p: 0.5 }, solarize: 0, crop: { scale: [0.05, 0.4] } });
    expect(presetConfig("dino", "paper")).toMatchObject({
      ...{ outputs: 65_536, head_hidden: 2048, head_bottleneck: 256, clip_grad_norm: 3, drop_path: 0.1 },
      ...{ momentum_start: 0.996, weight_decay: 0.04, weight_decay_end: 0.4, teacher_temp: 0.07, student_temp: 0.1 },
    });
    method.dispose();
  });

  it("learns with a ResNet too, and with lengths of the last layer that are trained", () => {
    scope(() => {
      const method = dino({ encoder: "resnet18", stem: "3x3", normalise_last: false });
      expect(method.floor).toBe(0);
      method.loss(crops(), LATER).loss.backward();
      expect(method.head.last_layer.weight_g.grad).not.toBeNull();
      expect(noGrad(() => sphereSpread(method.encoder.features(crops()[0]!))).item()).toBeGreaterThan(0);
    });
  });

  it("takes fewer outputs where images are few", () => {
    const chosen = (images: number) =>
      fit(about, { images, side: 96, channels: 3, device: "cpu" }, {}).settings.outputs;
    expect([1, 100, 1000, 5000].map(chosen)).toEqual([16, 50, 500, undefined]);
  });

  it.each([
    [{ teacher_temp: 0.2 }, "Expected at most student_temp 0.1 for teacher_temp, since a teacher that is less sure"],
    [{ momentum_start: 0.9, momentum_end: 0.5 }, "Expected at least momentum_start 0.9 for momentum_end, got 0.5"],
    [{ local_views: 0, blur_p_local: 0.1 }, "Expected no blur_p_local with local_views 0"],
    [{ outputs: 1 }, "Expected a whole number from 2 to 1000000 for outputs, got 1"],
    [{ stem: "7x7" }, "Expected no stem with encoder vit_tiny, where it would change nothing"],
  ])("refuses %j in one line", (flags, line) => {
    expect(() => resolveConfig({ flags: { method: "dino", ...flags } })).toThrow(line);
  });
});
