import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  loadSafetensors,
  manualSeed,
  memory,
  nn,
  optim,
  randn,
  saveSafetensors,
  scope,
  startProfile,
  stopProfile,
  type Tensor,
  TorchError,
  tensor,
  zeros,
} from "../index.ts";
import { expectClose, fixture, under } from "../testing/fixtures.ts";

const reference = fixture("optimizers");

type Trained = Record<"weight" | "bias" | "zero" | "idle", Tensor>;

const optimizers: Record<string, (p: Trained) => optim.Optimizer> = {
  sgd: (p) => new optim.SGD(groups(p), { lr: 0.5 }),
  sgd_momentum: (p) => new optim.SGD(groups(p), { lr: 0.2, momentum: 0.9, weightDecay: 0.01 }),
  sgd_nesterov: (p) => new optim.SGD(groups(p), { lr: 0.2, momentum: 0.8, weightDecay: 0.01, nesterov: true }),
  adam: (p) => new optim.Adam(groups(p), { lr: 0.05, weightDecay: 0.1 }),
  adamw: (p) => new optim.AdamW(groups(p), { lr: 0.05, weightDecay: 0.1, betas: [0.9, 0.95] }),
  lars: (p) => new optim.LARS(groups(p, { adapt: false, lr: 0.1 }), { lr: 50, weightDecay: 0.1 }),
  lars_nesterov: (p) =>
    new optim.LARS(groups(p, { adapt: false, lr: 0.1 }), { lr: 50, weightDecay: 0.1, eta: 0.002, nesterov: true }),
};

function groups<O extends object>(p: Trained, biasOptions?: O) {
  return [{ params: [p.weight, p.zero, p.idle] }, { params: [p.bias], weightDecay: 0, ...biasOptions }];
}

function start(): Trained {
  const copy = (name: string) => nn.parameter(reference[`start/${name}`]!.clone());
  return { weight: copy("weight"), bias: copy("bias"), zero: copy("zero"), idle: copy("idle") };
}

function lossOf(p: Trained): Tensor {
  return reference.x!.matmul(p.weight).add(p.bias).tanh().add(p.zero).mseLoss(reference.y!);
}

describe("optimizers follow PyTorch for ten steps", () => {
  it.each(Object.entries(optimizers))("%s", (name, make) => {
    const p = start();
    const optimizer = make(p);
    const rates = optimizer.groups.map((group) => group.lr);
    for (let step = 0; step < 10; step++) {
      for (const [i, group] of optimizer.groups.entries()) group.lr = rates[i]! * (1 - step / 20);
      optimizer.zeroGrad();
      scope(() => lossOf(p).backward());
      optimizer.step();
      const wanted = under(reference, `${name}/${step}/`);
      for (const [key, value] of Object.entries(wanted))
        expectClose(p[key as keyof Trained], value, `${key} after ${step}`);
    }
    expect(p.idle.toNumbers()).toEqual(reference["start/idle"]!.toNumbers());
  });
});

describe("state", () => {
  const folder = mkdtempSync(join(tmpdir(), "optim-"));
  it.each(Object.entries(optimizers))("%s goes on bit for bit from a file", (name, make) => {
    const file = join(folder, `${name}.safetensors`);
    const train = (p: Trained, optimizer: optim.Optimizer, steps: number) => {
      for (let i = 0; i < steps; i++) {
        optimizer.zeroGrad();
        scope(() => lossOf(p).backward());
        optimizer.step();
      }
    };
    const p = start();
    const optimizer = make(p);
    train(p, optimizer, 3);
    saveSafetensors(file, optimizer.stateDict());
    const resumed = start();
    for (const key of Object.keys(p) as (keyof Trained)[]) resumed[key].detach().copy_(p[key].detach());
    const other = make(resumed);
    train(resumed, other, 1);
    for (const key of Object.keys(p) as (keyof Trained)[]) resumed[key].detach().copy_(p[key].detach());
    other.loadStateDict(loadSafetensors(file).tensors);
    expect(Object.keys(other.stateDict())).toEqual(Object.keys(optimizer.stateDict()));
    train(p, optimizer, 3);
    train(resumed, other, 3);
    for (const key of Object.keys(p) as (keyof Trained)[]) expect(resumed[key].equal(p[key])).toBe(true);
    rmSync(file);
  });

  it("names its tensors by parameter, and holds none for parameters that never had a gradient", () => {
    const p = start();
    const optimizer = new optim.AdamW(groups(p));
    lossOf(p).backward();
    optimizer.step();
    expect(Object.keys(optimizer.stateDict())).toEqual(
      [0, 1, 3].flatMap((i) => [`${i}.step`, `${i}.exp_avg`, `${i}.exp_avg_sq`]),
    );
  });

  it("refuses the state of another optimizer, and changes nothing then", () => {
    const p = start();
    const optimizer = new optim.Adam(groups(p));
    lossOf(p).backward();
    optimizer.step();
    const state = optimizer.stateDict();
    const before = state["0.exp_avg"]!.toNumbers();
    const shaped = { ...state, "0.exp_avg": zeros([2]) };
    const { "0.step": _, ...lacking } = state;
    expect(() => optimizer.loadStateDict({ "0.momentum_buffer": zeros([4, 3]) })).toThrow(/Adam: .*momentum_buffer/);
    expect(() => optimizer.loadStateDict(shaped)).toThrow(/Adam: Expected \[4, 3\] for 0.exp_avg, got \[2\]/);
    expect(() => optimizer.loadStateDict(lacking)).toThrow(/Adam: Expected 0.step beside 0.exp_avg/);
    expect(optimizer.stateDict()["0.exp_avg"]?.toNumbers()).toEqual(before);
  });
});

describe("clipGradNorm", () => {
  it("scales to the norm asked for and returns the one before, as PyTorch", () => {
    const [a, b] = [nn.parameter(zeros([4, 3])), nn.parameter(zeros([3]))];
    a.grad = reference["start/weight"]!.mul(3);
    b.grad = reference["start/bias"]!.clone();
    expectClose(optim.clipGradNorm([a, b, nn.parameter(zeros([1]))], 1.5), reference["clip/norm"]);
    expectClose(a.grad, reference["clip/0"]);
    expectClose(b.grad, reference["clip/1"]);
  });

  it("takes the same norm of gradients in channels-last layout", () => {
    const a = nn.parameter(zeros([2, 3, 2, 2]));
    a.grad = tensor(Array.from({ length: 24 }, (_, i) => i))
      .reshape([2, 3, 2, 2])
      .to({ memoryFormat: "channels_last" });
    // √(0² + 1² + … + 23²)
    expect(optim.gradNorm([a]).item()).toBeCloseTo(Math.sqrt((23 * 24 * 47) / 6), 4);
    expect(a.grad?.isContiguous("channels_last")).toBe(true);
    expect(optim.gradNorm([]).item()).toBe(0);
  });

  it("leaves small gradients and missing ones alone", () => {
    const a = nn.parameter(zeros([2]));
    expect(optim.clipGradNorm([a], 1).item()).toBe(0);
    a.grad = tensor([0.3, 0.4]);
    expect(optim.clipGradNorm([a], 1).item()).toBeCloseTo(0.5, 6);
    expect(a.grad?.toNumbers()).toEqual([Math.fround(0.3), Math.fround(0.4)]);
    expect(() => optim.clipGradNorm([a], 0)).toThrow(TorchError);
  });
});

describe("settings", () => {
  it("sets one learning rate for all groups", () => {
    const optimizer = new optim.SGD(groups(start()), { lr: 1 });
    optimizer.lr = 0.5;
    expect(optimizer.groups.map((group) => group.lr)).toEqual([0.5, 0.5]);
    expect(optimizer.lr).toBe(0.5);
  });

  const w = nn.parameter(zeros([2]));
  const cases: [RegExp, () => unknown][] = [
    [/^SGD: Expected parameters to train, got none/, () => new optim.SGD([], { lr: 1 })],
    [/^Adam: Expected each parameter once/, () => new optim.Adam([w, w])],
    [/^Adam: Expected leaves for params/, () => new optim.Adam([w.mul(2)])],
    [/^SGD: Expected a number of 0 or more for lr, got NaN/, () => new optim.SGD([w], { lr: Number.NaN })],
    [/^AdamW: .* from 0 to below 1 for betas\[1\], got 2/, () => new optim.AdamW([w], { betas: [0.9, 2] })],
    [/^Adam: .* from 0 to below 1 for betas\[0\], got 1/, () => new optim.Adam([w], { betas: [1, 0.999] })],
    [/^SGD: Expected a momentum above 0 with nesterov, got 0/, () => new optim.SGD([w], { lr: 1, nesterov: true })],
    [/^LARS: .* for weightDecay, got -1/, () => new optim.LARS([{ params: [w], weightDecay: -1 }], { lr: 1 })],
  ];
  it.each(cases)("%s", (message, make) => {
    expect(make).toThrow(TorchError);
    expect(make).toThrow(message);
  });

  it("refuses a learning rate that a schedule spoilt, before it reaches the weights", () => {
    const optimizer = new optim.SGD([w], { lr: 1 });
    optimizer.lr = Number.NaN;
    expect(() => optimizer.step()).toThrow(/for lr, got NaN/);
  });

  it("trains parameters of several dtypes at once", () => {
    const [a, b] = [nn.parameter(zeros([2])), nn.parameter(zeros([2], { dtype: "float64" }))];
    const optimizer = new optim.Adam([a, b], { lr: 0.1 });
    a.sum().add(b.sum()).backward();
    optimizer.step();
    for (const parameter of [a, b]) expect(parameter.toNumbers()[0]).toBeCloseTo(-0.1, 6);
  });
});

describe("layouts", () => {
  const kinds: [string, (params: Tensor[]) => optim.Optimizer][] = [
    ["SGD", (params) => new optim.SGD(params, { lr: 0.01 })],
    ["SGD with momentum", (params) => new optim.SGD(params, { lr: 0.01, momentum: 0.9 })],
    ["AdamW", (params) => new optim.AdamW(params, { lr: 0.01 })],
    ["LARS", (params) => new optim.LARS(params, { lr: 0.01 })],
  ];
  it.each(kinds)("%s takes the same steps whether images and weights are channels-last or not", (_, make) => {
    const trained = (["contiguous", "channels_last"] as const).map((memoryFormat) => {
      manualSeed(0);
      const net = new nn.Sequential(new nn.Conv2d(3, 4, 3), new nn.Conv2d(4, 4, 1), new nn.Conv2d(4, 1, 3));
      net.to({ memoryFormat });
      const optimizer = make([...net.parameters()]);
      const x = randn([2, 3, 8, 8]).to({ memoryFormat });
      for (let step = 0; step < 3; step++) {
        optimizer.zeroGrad();
        scope(() => net.call(x).square().mean().backward());
        optimizer.step();
      }
      return net.stateDict();
    });
    for (const [name, tensor] of Object.entries(trained[0]!)) expectClose(trained[1]?.[name], tensor, name);
  });

  it.each([optim.SGD, optim.Adam, optim.AdamW])(
    "%o reads channels-last gradients as they lie, without a copy",
    (Kind) => {
      const weight = nn.parameter(randn([8, 8, 3, 3]).to({ memoryFormat: "channels_last" }));
      weight.grad = randn([8, 8, 3, 3]).to({ memoryFormat: "channels_last" });
      const optimizer = new Kind([weight], { lr: 0.01 });
      startProfile();
      optimizer.step();
      const names = stopProfile().map(({ name }) => name);
      expect(names.some((name) => name.startsWith("aten::_fused_"))).toBe(true);
      expect(names).not.toContain("aten::contiguous");
    },
  );

  it("refuses a gradient laid out unlike its parameter, rather than pair up the wrong elements", () => {
    const weight = nn.parameter(zeros([2, 2, 3, 3]));
    weight.grad = randn([2, 2, 3, 3]).contiguous({ memoryFormat: "channels_last" });
    expect(() => new optim.AdamW([weight]).step()).toThrow(/layout in memory .* for grads\[0\]/);
  });
});

describe("lifetimes", () => {
  it.each(Object.entries(optimizers))("%s holds the same tensors after step 1 and after step 50", (_, make) => {
    manualSeed(0);
    const p = start();
    const optimizer = make(p);
    const live: number[] = [];
    for (let step = 0; step < 50; step++) {
      scope(() => {
        optimizer.zeroGrad();
        randn([6, 4]).matmul(p.weight).add(p.bias).add(p.zero).square().mean().backward();
        optim.clipGradNorm(Object.values(p), 1);
        optimizer.step();
      });
      live.push(memory().liveTensors);
    }
    expect(new Set(live).size).toBe(1);
    const held = Object.keys(optimizer.stateDict()).length;
    optimizer.dispose();
    expect(memory().liveTensors).toBe(live[0]! - held);
  });
});
