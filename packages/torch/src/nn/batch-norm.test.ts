import { beforeAll, describe, expect, it } from "vitest";
import {
  backward,
  grad,
  manualSeed,
  nn,
  noGrad,
  ones,
  randn,
  scope,
  setThreads,
  startProfile,
  stopProfile,
  type Tensor,
  zeros,
} from "../index.ts";

/** Batch, channels, height, width; what is added to every value. The large ones are shared out to threads. */
const cases: [[number, number, number, number], number][] = [
  [[5, 3, 1, 1], 0],
  [[3, 5, 4, 7], 0],
  [[2, 64, 3, 3], -2],
  [[8, 24, 16, 17], 100],
  [[16, 128, 9, 9], 0],
];

const last = (x: Tensor) => x.to({ memoryFormat: "channels_last" });
const double = (x: Tensor) => x.detach().to({ dtype: "float64" });

/** How far `a` is from `b`, as a share of b's size. */
function distance(a: Tensor, b: Tensor): number {
  return double(a).sub(b).square().sum().sqrt().item() / Math.max(b.square().sum().sqrt().item(), 1e-12);
}

/** What one pass forward and backward through `norm.relu` leaves behind. */
function results(norm: nn.BatchNorm2d, x: Tensor, shortcut: Tensor | undefined, weights: Tensor) {
  const out = norm.relu(x, shortcut);
  backward(out.mul(weights).sum());
  return {
    out: out.detach(),
    x: x.grad!,
    weight: norm.weight!.grad!,
    bias: norm.bias!.grad!,
    mean: norm.running_mean!,
    variance: norm.running_var!,
    ...(shortcut ? { shortcut: shortcut.grad! } : {}),
  };
}

/** A norm with values of its own, and its copy in float64, which LibTorch's operators serve. */
function norms(channels: number): [nn.BatchNorm2d, nn.BatchNorm2d] {
  const [norm, exact] = [new nn.BatchNorm2d(channels), new nn.BatchNorm2d(channels)];
  noGrad(() => {
    norm.weight!.copy_(randn([channels]));
    norm.bias!.copy_(randn([channels]));
  });
  exact.loadStateDict(norm.stateDict());
  return [norm, exact.to({ dtype: "float64" })];
}

beforeAll(() => setThreads(2));

describe("normalising, adding a shortcut and ReLU as one operator", () => {
  describe.each([false, true])("with a shortcut: %s", (withShortcut) => {
    it.each(cases)("%j, moved by %d: LibTorch's values and gradients", (shape, offset) => {
      scope(() => {
        manualSeed(1);
        const [norm, exact] = norms(shape[1]);
        const leaf = (x: Tensor) => last(x).requiresGrad_();
        const again = (x: Tensor) => double(x).requiresGrad_();
        const x = leaf(randn(shape).add(offset));
        const shortcut = withShortcut ? leaf(randn(shape)) : undefined;
        const weights = randn(shape);
        const found = results(norm, x, shortcut, weights);
        const expected = results(exact, again(x), shortcut && again(shortcut), double(weights));
        for (const [name, value] of Object.entries(expected)) {
          expect([name, distance(found[name as keyof typeof found]!, value)]).toEqual([name, expect.closeTo(0, 4)]);
        }
        expect(norm.num_batches_tracked!.item()).toBe(1);
      });
    });
  });

  /** Operators that ran within `body`. */
  const operators = (body: () => unknown) => {
    startProfile();
    try {
      scope(() => void body());
    } catch (error) {
      stopProfile();
      throw error;
    }
    return stopProfile().map(({ name }) => name);
  };

  it("computes in bfloat16 as LibTorch does, to the rounding of its numbers", () => {
    scope(() => {
      manualSeed(2);
      const [norm, exact] = norms(40);
      const leaf = () =>
        last(randn([4, 40, 8, 9]))
          .to({ dtype: "bfloat16" })
          .requiresGrad_();
      const [x, shortcut, weights] = [leaf(), leaf(), leaf().detach()];
      const again = (t: Tensor) => double(t).requiresGrad_();
      const found = results(norm, x, shortcut, weights);
      const expected = results(exact, again(x), again(shortcut), double(weights));
      expect(found.out.dtype).toBe("bfloat16");
      for (const [name, value] of Object.entries(expected)) {
        expect([name, distance(found[name as keyof typeof found]!, value)]).toEqual([name, expect.closeTo(0, 2)]);
      }
    });
  });

  it("is one operator in training on channels-last maps, and LibTorch's own ones elsewhere", () => {
    scope(() => {
      const norm = new nn.BatchNorm2d(4);
      const x = randn([2, 4, 3, 3]);
      expect(operators(() => norm.relu(last(x)))).toContain("unlabel::batch_norm_relu");
      expect(operators(() => norm.relu(x))).toContain("aten::batch_norm");
      expect(operators(() => norm.eval().relu(last(x)))).toContain("aten::batch_norm");
    });
  });

  it("takes maps of several sizes one after the other, of one pixel among them, in either layout", () => {
    scope(() => {
      const shapes = [
        [6, 8, 4, 4],
        [9, 8, 1, 1],
        [6, 8, 2, 2],
      ];
      for (const layout of ["contiguous", "channels_last"] as const) {
        const norm = new nn.BatchNorm2d(8);
        const inputs = shapes.map((shape) => randn(shape).to({ memoryFormat: layout }).requiresGrad_());
        const outputs = inputs.map((x) => norm.relu(x).square().sum());
        backward(outputs.reduce((sum, one) => sum.add(one)));
        for (const x of inputs) expect(x.grad!.square().sum().item()).toBeGreaterThan(0);
        expect(norm.num_batches_tracked!.item()).toBe(3);
      }
    });
  });

  it("takes no maps at all, as without the shortcut", () => {
    scope(() => {
      const norm = new nn.BatchNorm2d(3);
      const none = zeros([0, 3, 4, 4]).to({ memoryFormat: "channels_last" });
      expect(norm.relu(none).shape).toEqual([0, 3, 4, 4]);
    });
  });

  it("lets what is no number through, forward and backward", () => {
    scope(() => {
      const norm = new nn.BatchNorm2d(2);
      const values = zeros([2, 2, 2, 2]);
      noGrad(() => values.select(1, 0).fill_(Number.NaN));
      const x = last(values).requiresGrad_();
      const out = norm.relu(x);
      backward(out.sum());
      const counts = [out, x.grad!].map((t) => t.isnan().sum([0, 2, 3]).toArray());
      expect(counts.map((count) => [...count].map(Number))).toEqual([
        [8, 0],
        [8, 0],
      ]);
    });
  });

  it("refuses a second derivative and a shortcut of another shape", () => {
    scope(() => {
      const norm = new nn.BatchNorm2d(3);
      const x = last(randn([2, 3, 4, 4])).requiresGrad_();
      expect(() => grad([norm.relu(x).sum()], [x], { createGraph: true })).toThrow("no second derivative");
      expect(() => norm.relu(x, last(randn([2, 3, 4, 2])))).toThrow("Expected a shortcut like the map");
    });
  });
});

it("names what a forward pass moves: running statistics of the layers in training, and no other buffer", () => {
  class Net extends nn.Module {
    layers = new nn.Sequential(new nn.Linear(3, 3), new nn.BatchNorm1d(3), new nn.BatchNorm1d(3));
    plain = new nn.BatchNorm1d(3, { trackRunningStats: false });
    positions = nn.buffer(ones([3]));
    override forward(x: Tensor): Tensor {
      return this.plain.call(this.layers.call(x)).add(this.positions);
    }
  }
  const net = new Net();
  (net.layers[2] as nn.Module).eval();
  const before = Object.entries(net.stateDict()).map(([name, tensor]) => [name, tensor.clone()] as const);
  net.call(randn([4, 3]));
  const state = net.stateDict();
  const moved = before.filter(([name, value]) => !state[name]!.equal(value)).map(([name]) => state[name]!);
  expect(moved).toHaveLength(3);
  expect(new Set(net.runningBuffers())).toEqual(new Set(moved));
  expect([...net.eval().runningBuffers()]).toEqual([]);
});

it("goes back through maps of both layouts in one pass, as views of several sizes may have, in whichever order", () => {
  scope(() => {
    for (const layouts of [["contiguous", "channels_last"] as const, ["channels_last", "contiguous"] as const]) {
      manualSeed(3);
      const [mixed, plain] = [new nn.BatchNorm2d(4), new nn.BatchNorm2d(4)];
      const maps = layouts.map((memoryFormat) => randn([8, 4, 3, 3]).to({ memoryFormat }).requiresGrad_());
      const lossOf = (of: (x: (typeof maps)[0]) => (typeof maps)[0]) =>
        of(maps[0]!).sum().add(of(maps[1]!).square().sum());
      lossOf((x) => mixed.relu(x)).backward();
      const found = maps.map((map) => map.grad!.clone());
      for (const map of maps) map.grad = null;
      lossOf((x) => plain.call(x).relu()).backward();
      for (const [i, map] of maps.entries()) expect(found[i]!.sub(map.grad!).abs().amax().item()).toBeLessThan(1e-4);
      for (const name of ["running_mean", "running_var", "num_batches_tracked"] as const)
        expect(mixed[name]!.sub(plain[name]!).abs().amax().item()).toBeLessThan(1e-6);
    }
  });
});
