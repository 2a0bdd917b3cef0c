import { describe, expect, it } from "vitest";
import { manualSeed, nn, ones, optim, randn, type Tensor, TorchError, tensor, zeros } from "../index.ts";
import { expectClose, fixture, under } from "../testing/fixtures.ts";

const reference = fixture("layers");

const layers: Record<string, () => nn.Module> = {
  linear: () => new nn.Linear(5, 3),
  linear_tokens_no_bias: () => new nn.Linear(5, 3, { bias: false }),
  conv2d: () => new nn.Conv2d(4, 6, 3),
  conv2d_options: () => new nn.Conv2d(4, 6, [3, 2], { stride: [2, 1], padding: [1, 2], groups: 2, bias: false }),
  conv2d_dilated: () => new nn.Conv2d(4, 4, 3, { padding: 2, dilation: 2, groups: 4 }),
  batch_norm1d: () => new nn.BatchNorm1d(5),
  batch_norm1d_length: () => new nn.BatchNorm1d(5, { eps: 1e-3, momentum: 0.3 }),
  batch_norm2d: () => new nn.BatchNorm2d(4),
  batch_norm2d_eval: () => new nn.BatchNorm2d(4).eval(),
  batch_norm2d_plain: () => new nn.BatchNorm2d(4, { affine: false, trackRunningStats: false }).eval(),
  layer_norm: () => new nn.LayerNorm(5, { eps: 1e-6 }),
  layer_norm_2d: () => new nn.LayerNorm([4, 5], { bias: false }),
  gelu: () => new nn.GELU(),
  gelu_tanh: () => new nn.GELU({ approximate: "tanh" }),
  relu: () => new nn.ReLU(),
  identity: () => new nn.Identity(),
  flatten: () => new nn.Flatten(),
  dropout_eval: () => new nn.Dropout(0.5).eval(),
  max_pool2d: () => new nn.MaxPool2d(2),
  max_pool2d_options: () => new nn.MaxPool2d([3, 2], { stride: 2, padding: 1 }),
  adaptive_avg_pool2d: () => new nn.AdaptiveAvgPool2d(1),
  adaptive_avg_pool2d_uneven: () => new nn.AdaptiveAvgPool2d([3, 4]),
  attention: () => new nn.MultiheadSelfAttention(8, 2),
  sequential: () => new nn.Sequential(new nn.Linear(5, 8), new nn.BatchNorm1d(8), new nn.ReLU(), new nn.Linear(8, 3)),
};

describe("layers compute what PyTorch computes", () => {
  it("covers every case of the fixture", () => {
    const cases = new Set(Object.keys(reference).map((name) => name.split("/")[0]));
    expect(Object.keys(layers).sort()).toEqual([...cases].sort());
  });

  it.each(Object.entries(layers))("%s", (name, make) => {
    const layer = make();
    layer.loadStateDict(under(reference, `${name}/state/`));
    const input = reference[`${name}/input`]!.clone().requiresGrad_();
    const output = layer.call(input);
    expectClose(output, reference[`${name}/output`], "output");
    output.backward({ gradient: reference[`${name}/cotangent`]! });
    const gradients = under(reference, `${name}/grad/`);
    expectClose(input.grad, gradients.input, "input.grad");
    const parameters = layer.namedParameters();
    expect(parameters.map(([key]) => key).sort()).toEqual(
      Object.keys(gradients)
        .filter((key) => key !== "input")
        .sort(),
    );
    for (const [key, parameter] of parameters) expectClose(parameter.grad, gradients[key], `${key}.grad`);
    const state = layer.stateDict();
    for (const [key, after] of Object.entries(under(reference, `${name}/after/`))) expectClose(state[key], after, key);
  });
});

describe("layers in training and evaluation", () => {
  it("drops and rescales in training only", () => {
    manualSeed(0);
    const dropout = new nn.Dropout(0.25);
    const kept = dropout.call(ones([10_000])).toNumbers();
    expect(new Set(kept.map((v) => v.toFixed(4)))).toEqual(new Set(["0.0000", "1.3333"]));
    expect(kept.filter((v) => v > 0).length / kept.length).toBeCloseTo(0.75, 1);
    expect(
      dropout
        .eval()
        .call(ones([4]))
        .toNumbers(),
    ).toEqual([1, 1, 1, 1]);
  });

  it("counts batches in training only, and leaves running statistics alone in evaluation", () => {
    const norm = new nn.BatchNorm1d(2);
    norm.call(randn([4, 2]));
    norm.call(randn([4, 2]));
    const mean = norm.running_mean?.toNumbers();
    norm.eval().call(randn([4, 2]));
    expect(norm.num_batches_tracked?.item()).toBe(2);
    expect(norm.running_mean?.toNumbers()).toEqual(mean);
  });

  it("drops attention weights in training only", () => {
    manualSeed(0);
    const attention = new nn.MultiheadSelfAttention(8, 2, { dropout: 0.5 });
    const x = randn([1, 4, 8]);
    expect(attention.call(x).allclose(attention.call(x))).toBe(false);
    attention.eval();
    expect(attention.call(x).allclose(attention.call(x))).toBe(true);
  });
});

describe("Sequential", () => {
  it("names its layers by number, counts and iterates them", () => {
    const net = new nn.Sequential(new nn.Linear(2, 3), new nn.ReLU(), new nn.Linear(3, 1, { bias: false }));
    expect(Object.keys(net.stateDict())).toEqual(["0.weight", "0.bias", "2.weight"]);
    expect(net.length).toBe(3);
    expect([...net].map((layer) => layer.constructor.name)).toEqual(["Linear", "ReLU", "Linear"]);
    expect(net[1]).toBeInstanceOf(nn.ReLU);
    net.eval();
    expect([...net].some((layer) => layer.training)).toBe(false);
  });

  it("is the identity when empty", () => {
    const x = zeros([2]);
    expect(new nn.Sequential().call(x)).toBe(x);
  });
});

describe("mistakes are named where they are made", () => {
  const image = zeros([1, 3, 4, 4]);
  const cases: [message: RegExp, make: () => unknown][] = [
    [/^Linear: Expected a whole number of 1 or more for inFeatures, got 2.5/, () => new nn.Linear(2.5, 1)],
    [/^Linear: .* outFeatures, got 0/, () => new nn.Linear(1, 0)],
    [/^Conv2d: .* divide both channel counts, got 2 for 3 and 4 channels/, () => new nn.Conv2d(3, 4, 1, { groups: 2 })],
    [/^Conv2d: .* for kernel, got 0/, () => new nn.Conv2d(3, 4, 0)],
    [/^Conv2d: .* 0 or more for padding, got -1/, () => new nn.Conv2d(3, 4, 1, { padding: -1 })],
    [/^LayerNorm: .* for shape, got -1/, () => new nn.LayerNorm([2, -1])],
    [/^BatchNorm2d: .* \[B, C, H, W\], got \[2, 3\]/, () => new nn.BatchNorm2d(3).call(zeros([2, 3]))],
    [/^BatchNorm1d: .* \[B, C\] or \[B, C, L\]/, () => new nn.BatchNorm1d(3).call(image)],
    [/^BatchNorm1d: .* more than one value a channel/, () => new nn.BatchNorm1d(3).call(zeros([1, 3]))],
    [/^Dropout: .* from 0 to 1 for p, got 2/, () => new nn.Dropout(2)],
    [/^MultiheadSelfAttention: .* heads that divides 8, got 3/, () => new nn.MultiheadSelfAttention(8, 3)],
    [/^MultiheadSelfAttention: .* tokens/, () => new nn.MultiheadSelfAttention(8, 2).call(zeros([8]))],
    [/^aten::linear: .*input float32\[2, 4\]/s, () => new nn.Linear(3, 1).call(zeros([2, 4]))],
    [/^loadStateDict: .*missing: bias; unexpected: extra/, () => load({ weight: zeros([1, 2]), extra: zeros([1]) })],
    [/^loadStateDict: Expected \[1, 2\] for weight, got \[2\]/, () => load({ weight: zeros([2]), bias: zeros([1]) })],
  ];
  const load = (state: Record<string, Tensor>) => new nn.Linear(2, 1).loadStateDict(state);

  it("a state dict of something else", () => {
    const state: Record<string, Tensor> = JSON.parse('{"weight": [1, 2], "bias": 3}');
    expect(() => load(state)).toThrow(/^loadStateDict: Expected a tensor for weight, got an array of 2/);
  });

  it.each(cases)("%s", (message, make) => {
    expect(make).toThrow(TorchError);
    expect(make).toThrow(message);
  });
});

describe("parameters", () => {
  class Tied extends nn.Module {
    first = new nn.Linear(2, 2, { bias: false });
    again = this.first.weight;
    fixed = nn.buffer(zeros([2]));
    list = [new nn.Linear(2, 1), nn.parameter(zeros([1]))];
    override forward(x: Tensor): Tensor {
      return this.first.call(x);
    }
  }

  it("come once each, though the state dict has every name", () => {
    const net = new Tied();
    const names = ["first.weight", "list.0.weight", "list.0.bias", "list.1"];
    expect(net.namedParameters().map(([name]) => name)).toEqual(names);
    expect(Object.keys(net.stateDict())).toEqual(["first.weight", "again", "fixed", ...names.slice(1)]);
  });
});

describe("Module.to", () => {
  it("changes dtype and layout in place, so that optimizers keep their parameters", () => {
    const conv = new nn.Conv2d(2, 3, 3);
    const { weight } = conv;
    const before = weight.toNumbers();
    conv.to({ memoryFormat: "channels_last" });
    expect(conv.weight).toBe(weight);
    expect(weight.isContiguous("channels_last")).toBe(true);
    expect(weight.toNumbers()).toEqual(before);
    expect(new nn.BatchNorm1d(2).to({ dtype: "bfloat16" }).num_batches_tracked?.dtype).toBe("int64");
    expect(
      conv.to({ dtype: "float64" }).call(tensor(Array(50).fill(0), { dtype: "float64" }).reshape([1, 2, 5, 5])).dtype,
    ).toBe("float64");
  });

  it.each<Parameters<nn.Module["to"]>>([[{ dtype: "float64" }], [{ memoryFormat: "channels_last" }]])(
    "takes gradients along: %o",
    (options) => {
      const conv = new nn.Conv2d(2, 3, 3, { bias: false });
      const optimizer = new optim.SGD(conv.parameters(), { lr: 1 });
      conv
        .call(ones([1, 2, 5, 5]))
        .sum()
        .backward();
      const expected = conv.weight.detach().sub(9);
      conv.to(options);
      optimizer.step();
      expectClose(conv.weight.detach().to({ dtype: "float32" }), expected);
    },
  );
});
