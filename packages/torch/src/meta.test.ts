// The device "meta": shapes without values. What a network computes there has the shapes that it has on the CPU.
import { describe, expect, it } from "vitest";
import {
  arange,
  backward,
  cat,
  fromTypedArray,
  fromTypedArrays,
  manualSeed,
  nn,
  observeOperators,
  optim,
  randn,
  scope,
  type Tensor,
  TorchError,
  tensor,
  toDevice,
  where,
  withDevice,
  zeros,
} from "./index.ts";

const shapesOf = (tensors: readonly Tensor[]) =>
  tensors.map(({ shape, dtype, device }) => `${device} ${dtype} [${shape.join(", ")}]`);

/** A step of a small convolutional network and of a transformer's layers, from whatever device it is asked on. */
function step(device: string) {
  return scope(() => {
    manualSeed(0);
    const [conv, norm, attention, last] = withDevice(device, () => [
      new nn.Conv2d(3, 8, 3, { stride: 2, padding: 1 }),
      new nn.BatchNorm2d(8),
      new nn.MultiheadSelfAttention(8, 2),
      new nn.LayerNorm(8),
    ]) as [nn.Conv2d, nn.BatchNorm2d, nn.MultiheadSelfAttention, nn.LayerNorm];
    const images = randn([4, 3, 9, 11], { device });
    const map = norm.relu(conv.call(images)).maxPool2d(2, 2);
    const tokens = last.call(attention.call(map.flatten(2).transpose(1, 2)));
    const some = tokens.indexSelect(1, tensor([0, 2], { dtype: "int64", device }));
    const loss = some
      .var(0, { correction: 0 })
      .add(where(some.gt(0), some, 0).mean())
      .add(tokens.smoothL1Loss(tokens.flip([0]).roll(1, 1)))
      .add(tokens.mseLoss(tokens.detach().maskedFill(tokens.gt(1), 0)))
      .mean();
    backward(loss);
    const params = [conv, norm, attention, last].flatMap((layer) => layer.parameters());
    const optimizers = [
      new optim.AdamW(params, { lr: 1e-3 }),
      new optim.LARS(params, { lr: 1e-3 }),
      new optim.SGD(params, { lr: 1e-3, momentum: 0.9 }),
    ];
    for (const optimizer of optimizers) optimizer.step();
    const kept = optimizers.flatMap((optimizer) => Object.values(optimizer.stateDict()));
    return shapesOf([map, tokens, some, loss, ...params, ...params.map(({ grad }) => grad!), ...kept]);
  });
}

describe("meta", () => {
  it("gives the shapes of the CPU, forward, backward and in optimizers", () => {
    expect(step("meta")).toEqual(step("cpu").map((line) => line.replace(/^cpu/, "meta")));
  });

  it("gives the shapes of padding, pooling and of indices that are written to", () => {
    const made = (device: string) =>
      scope(() => {
        const x = randn([2, 3, 8, 10], { device }).requiresGrad_();
        const pooled = x.adaptiveAvgPool2d([2, 5]);
        backward(pooled.sum());
        const rows = zeros([6, 4], { device });
        rows.indexPut_([arange(0, 2, 1, { dtype: "int64", device })], zeros([2, 4], { device }));
        return shapesOf([x.detach().reflectionPad2d([1, 2, 3, 0]), pooled, x.grad!, rows, x.std([1])]);
      });
    expect(made("meta")).toEqual(made("cpu").map((line) => line.replace(/^cpu/, "meta")));
  });

  it("refuses to read a value, in whatever way", () => {
    scope(() => {
      const x = zeros([3], { device: "meta" });
      const reads: (() => unknown)[] = [
        () => x.toNumbers(),
        () => x.sum().item(),
        () => x.nonzero(),
        () => x.to({ device: "cpu" }),
        () => x.equal(x),
        () => x.index([x.gt(0)]),
      ];
      for (const read of reads) expect(read).toThrow(TorchError);
    });
  });

  it("counts the batches of BatchNorm on the host, wherever the layer is", () => {
    scope(() => {
      const norm = withDevice("meta", () => new nn.BatchNorm2d(2)).to({
        device: "meta",
        memoryFormat: "channels_last",
      });
      for (let i = 0; i < 3; i++) norm.call(zeros([2, 2, 4, 4], { device: "meta" }));
      expect(norm.num_batches_tracked!.item()).toBe(3);
      expect([norm.running_mean!.device, norm.weight!.device]).toEqual(["meta", "meta"]);
      expect(norm.stateDict().num_batches_tracked!.device).toBe("cpu");
    });
  });

  it("refuses to take values away from a module", () => {
    scope(() => {
      const layer = new nn.Linear(2, 2);
      expect(() => layer.to({ device: "meta" })).toThrow('make it within withDevice("meta", …)');
      expect(layer.weight.device).toBe("cpu");
    });
  });
});

describe("withDevice", () => {
  it("is where tensors are made that name no device, and ends with its body", () => {
    scope(() => {
      const devices = withDevice("meta", () =>
        [zeros([2]), randn([2]), tensor([1, 2]), fromTypedArray(Float32Array.of(1)), new nn.Linear(2, 3).weight].map(
          ({ device }) => device,
        ),
      );
      expect(devices).toEqual(Array(5).fill("meta"));
      expect(withDevice("meta", () => withDevice("cpu", () => zeros([1]).device))).toBe("cpu");
      expect(withDevice("meta", () => zeros([1], { device: "cpu" }).add(1).device)).toBe("cpu");
      expect(() =>
        withDevice("meta", () => {
          throw new Error("body");
        }),
      ).toThrow("body");
      expect(zeros([1]).device).toBe("cpu");
    });
  });
});

describe("toDevice and fromTypedArrays", () => {
  it("give what was given, of every type, in one copy", () => {
    scope(() => {
      const arrays = [
        { data: Float32Array.of(1.5, -2, 3), shape: [3, 1] },
        { data: BigInt64Array.of(7n, -8n) },
        { data: Uint8Array.of(1, 2, 3, 4, 5), shape: [5] },
        { data: new Float32Array(0), shape: [0, 4] },
        { data: Float64Array.of(Math.PI) },
      ];
      const here = fromTypedArrays(arrays);
      expect(here.map((one) => [one.dtype, one.shape, one.toNumbers()])).toEqual([
        ["float32", [3, 1], [1.5, -2, 3]],
        ["int64", [2], [7, -8]],
        ["uint8", [5], [1, 2, 3, 4, 5]],
        ["float32", [0, 4], []],
        ["float64", [1], [Math.PI]],
      ]);
      const copies: unknown[] = [];
      const there = observeOperators(
        ({ name, args }) => {
          if (name === "aten::to.dtype_layout") copies.push(args);
        },
        () => fromTypedArrays(arrays, "meta"),
      );
      expect(shapesOf(there)).toEqual(shapesOf(here).map((line) => line.replace(/^cpu/, "meta")));
      expect(copies).toHaveLength(1);
      expect(toDevice(cat(here.slice(0, 1)), "cpu").toNumbers()).toEqual([1.5, -2, 3]);
    });
  });

  it("refuse a shape that is not the array's", () => {
    const wrong = [{ data: Float32Array.of(1, 2), shape: [3] }, { data: Float32Array.of(1) }];
    for (const device of ["cpu", "meta"]) expect(() => scope(() => fromTypedArrays(wrong, device))).toThrow(TorchError);
  });
});

describe("observeOperators", () => {
  it("tells of each call, before it runs, and hands on what the observer throws", () => {
    scope(() => {
      const seen: string[] = [];
      const sum = observeOperators(
        ({ name }) => void seen.push(name),
        () => zeros([2]).add(1).sum(),
      );
      expect([sum.item(), seen]).toEqual([2, ["aten::zeros", "aten::add.Scalar", "aten::sum.dim_IntList"]]);
      zeros([1]).add(1);
      expect(seen).toHaveLength(3);
      const refuse = () => {
        throw new Error("not this one");
      };
      expect(() => observeOperators(refuse, () => zeros([1]))).toThrow("not this one");
    });
  });
});
