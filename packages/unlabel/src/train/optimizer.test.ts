import { nn, optim, randn, type Tensor, zeros } from "@unlabel/torch";
import { expect, it } from "vitest";
import { Encoder } from "../encoders/encoder.ts";
import { type LossOutput, Method, type ParameterGroup, type Progress } from "../methods/method.ts";
import { resolveConfig } from "../methods/registry.ts";

import { makeOptimizer, makeSchedule, peakLr, setRates } from "./optimizer.ts";

class Pixels extends Encoder {
  override readonly dim = 3;
  override forward(x: Tensor): Tensor {
    return x;
  }
}

class Toy extends Method {
  override readonly encoder = new Pixels();
  override readonly chance = null;
  override readonly floor = null;
  weight = nn.parameter(randn([3, 2]));
  bias = nn.parameter(randn([3]));
  scale = nn.parameter(randn([2]));
  override loss(): LossOutput {
    return { loss: zeros([]), logs: {} };
  }
}
const config = (flags: Record<string, unknown>) => resolveConfig({ flags: { method: "simclr", ...flags } });

it.each([
  ["adam", optim.Adam],
  ["adamw", optim.AdamW],
  ["sgd", optim.SGD],
  ["lars", optim.LARS],
])("makes %s with its settings", (optimizer, kind) => {
  const made = makeOptimizer(config({ optimizer, lr: 0.5, weight_decay: 0.1, exclude_norm_bias: false }), new Toy());
  expect(made).toBeInstanceOf(kind);
  expect(made.groups).toHaveLength(1);
  expect(made.groups[0]).toMatchObject({ lr: 0.5, weightDecay: 0.1 });
});

it("keeps weight decay and LARS's adaptation from biases and norms", () => {
  const toy = new Toy();
  const { groups } = makeOptimizer(config({ optimizer: "lars", weight_decay: 0.1, exclude_norm_bias: true }), toy);
  expect(groups.map(({ params, weightDecay }) => [params.map(({ shape }) => shape), weightDecay])).toEqual([
    [[[3, 2]], 0.1],
    [[[3], [2]], 0],
  ]);
  expect(groups[0]).toMatchObject({ adapt: true, momentum: 0.9 });
  expect(groups[1]).toMatchObject({ adapt: false, momentum: 0.9 });
});

it("lets a method set learning rate and weight decay by group, anew at every step, and keeps the rest as it is", () => {
  class Grouped extends Toy {
    override groups({ step, total }: Progress): ParameterGroup[] {
      return [{ params: [this.weight, this.bias], lrFactor: 10, weightDecay: step / total }];
    }
  }
  const method = new Grouped();
  const settings = config({ optimizer: "sgd", lr: 0.5, weight_decay: 0.1, exclude_norm_bias: true });
  const optimizer = makeOptimizer(settings, method);
  const groups = () => optimizer.groups.map(({ params, lr, weightDecay }) => [params.length, lr, weightDecay]);
  expect(optimizer.groups.map(({ params }) => params)).toEqual([[method.scale], [method.weight], [method.bias]]);
  for (const [step, decay] of [
    [1, 0.25],
    [4, 1],
  ] as const) {
    setRates(optimizer, settings, method, 0.01, { step, total: 4, epoch: 1 });
    expect(groups()).toEqual([
      [1, 0.01, 0],
      [1, 0.1, decay],
      [1, 0.1, 0],
    ]);
  }
});

it("keeps a group's rate at the highest where a method asks for it, through warm-up and decay", () => {
  class Steady extends Toy {
    override groups(): ParameterGroup[] {
      return [{ params: [this.weight], lrFactor: 2, constantLr: true }];
    }
  }
  const method = new Steady();
  const settings = config({ optimizer: "sgd", lr: 0.5, lr_scaling: "linear", batch: 512 });
  const optimizer = makeOptimizer(settings, method);
  for (const lr of [0, 0.7, 0.01]) {
    setRates(optimizer, settings, method, lr, { step: 1, total: 4, epoch: 1 });
    expect(optimizer.groups.map(({ params, lr }) => [params.length, lr])).toEqual([
      [2, lr],
      [1, 2],
    ]);
  }
});

it("warms up, peaks and falls to nothing, step by step", () => {
  const lr = makeSchedule(config({ lr: 0.4, warmup_epochs: 2, epochs: 10, schedule: "cosine" }), 5, 50);
  expect([0, 5, 10, 30, 50].map(lr)).toEqual([0, 0.2, 0.4, expect.closeTo(0.2, 12), expect.closeTo(0, 12)]);
});

it("stays in its warm-up where steps end the run there, and constant stays where it is", () => {
  expect(makeSchedule(config({ lr: 0.4, warmup_epochs: 2 }), 5, 3)(3)).toBeCloseTo(0.12, 12);
  expect(makeSchedule(config({ lr: 0.4, warmup_epochs: 0, schedule: "constant" }), 5, 50)(49)).toBe(0.4);
});

it("scales the learning rate with the batch size", () => {
  expect(peakLr({ lr: 0.3, lr_scaling: "linear", batch: 4096 })).toBeCloseTo(4.8, 12);
  expect(peakLr({ lr: 0.075, lr_scaling: "sqrt", batch: 4096 })).toBeCloseTo(4.8, 12);
  expect(peakLr({ lr: 1e-3, lr_scaling: "none", batch: 4096 })).toBe(1e-3);
});
