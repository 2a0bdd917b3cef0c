import { describe, expect, it } from "vitest";
import {
  arange,
  autocast,
  call,
  cat,
  conv2d,
  fromTypedArray,
  full,
  getRngState,
  grad,
  keep,
  manualSeed,
  memory,
  noGrad,
  randn,
  scope,
  setRngState,
  type Tensor,
  TorchError,
  tensor,
  zeros,
} from "./index.ts";

describe("making and reading tensors", () => {
  it("takes nested arrays, typed arrays and scalars, and gives them back", () => {
    expect(
      tensor([
        [1, 2],
        [3, 4.5],
      ]).shape,
    ).toEqual([2, 2]);
    expect(
      tensor([
        [1, 2],
        [3, 4.5],
      ]).toNumbers(),
    ).toEqual([1, 2, 3, 4.5]);
    expect(tensor(3).shape).toEqual([]);
    expect(tensor(3).item()).toBe(3);
    expect(tensor([true, false]).dtype).toBe("bool");
    // One number among booleans makes numbers of all, as in PyTorch.
    expect([tensor([true, 0.5, 2]).dtype, tensor([true, 0.5, 2]).toNumbers()]).toEqual(["float32", [1, 0.5, 2]]);
    expect([tensor([true, 3n]).dtype, tensor([1n, 2]).dtype]).toEqual(["int64", "float32"]);
    expect(tensor([1n, -2n]).dtype).toBe("int64");
    expect(tensor([1, 2], { dtype: "int64" }).toArray()).toEqual(new BigInt64Array([1n, 2n]));
    expect(tensor([]).shape).toEqual([0]);
    for (const array of [
      new Float32Array([1, 2]),
      new Uint8Array([1, 255]),
      new Int32Array([-1, 7]),
      new Float64Array([0.1, 1e300]),
    ]) {
      expect(fromTypedArray(array).toArray()).toEqual(array);
    }
  });

  it("copies: later changes to the array do not reach the tensor", () => {
    const data = new Float32Array([1, 2]);
    const t = fromTypedArray(data);
    data[0] = 9;
    expect(t.toNumbers()).toEqual([1, 2]);
  });

  it("reads a view of a larger buffer at its offset", () => {
    expect(fromTypedArray(new Float32Array([9, 1, 2, 9]).subarray(1, 3)).toNumbers()).toEqual([1, 2]);
  });

  it("gives row-major elements of a transposed or channels-last tensor", () => {
    expect(
      tensor([
        [1, 2],
        [3, 4],
      ])
        .transpose(0, 1)
        .toNumbers(),
    ).toEqual([1, 3, 2, 4]);
    const x = arange(0, 24).reshape([1, 2, 3, 4]);
    const last = x.to({ memoryFormat: "channels_last" });
    expect(last.isContiguous("channels_last")).toBe(true);
    expect(last.toNumbers()).toEqual(x.toNumbers());
  });

  it("widens bfloat16 and float16", () => {
    expect(tensor([1, 0.5]).to({ dtype: "bfloat16" }).toNumbers()).toEqual([1, 0.5]);
    expect(fromTypedArray(new Uint16Array([0x3f80]), [1], { dtype: "bfloat16" }).toNumbers()).toEqual([1]);
  });

  it("fills with float32 by default", () => {
    expect(full([2], 1).dtype).toBe("float32");
    expect(zeros([2]).dtype).toBe("float32");
  });

  it("prints itself", () => {
    expect(String(zeros([2, 3]))).toBe("Tensor(float32 [2, 3] cpu)");
  });
});

describe("operators", () => {
  it("computes", () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    expect(x.matmul(x).toNumbers()).toEqual([7, 10, 15, 22]);
    expect(x.add(1).mul(x).toNumbers()).toEqual([2, 6, 12, 20]);
    expect(x.sub(x, { alpha: 2 }).toNumbers()).toEqual([-1, -2, -3, -4]);
    expect(x.mean().item()).toBe(2.5);
    expect(x.sum(1).toNumbers()).toEqual([3, 7]);
    expect(x.sum([0, 1], true).shape).toEqual([1, 1]);
    expect(cat([x, x], 1).shape).toEqual([2, 4]);
    expect(conv2d(zeros([1, 1, 5, 5]), zeros([2, 1, 3, 3]), null, 2).shape).toEqual([1, 2, 2, 2]);
    const [values, indices] = x.topk(1);
    expect(values.toNumbers()).toEqual([2, 4]);
    expect(indices.dtype).toBe("int64");
  });

  it("keeps whole numbers whole for integer tensors", () => {
    const n = tensor([1, 2], { dtype: "int64" });
    expect(n.add(1).dtype).toBe("int64");
    expect(n.add(0.5).dtype).toBe("float32");
  });

  it("changes in place and returns the same tensor", () => {
    const x = zeros([2]);
    expect(x.add_(1)).toBe(x);
    expect(x.toNumbers()).toEqual([1, 1]);
  });

  it("returns the tensor that it was given to write into, wherever it stands among the arguments", () => {
    const [x, out] = [tensor([-1, 2]), zeros([2])];
    expect(call("aten::add.out", [x, x, 1, out])).toBe(out);
    expect(out.toNumbers()).toEqual([-2, 4]);
    // The noise is written into too, but not returned.
    const noise = zeros([2]);
    expect(call("aten::rrelu_with_noise.out", [x, noise, 0.5, 0.5, true, undefined, out])).toBe(out);
    expect(out.toNumbers()).toEqual([-0.5, 2]);
    expect(noise.toNumbers()).toEqual([0.5, 1]);
  });
});

describe("autograd", () => {
  it("differentiates", () => {
    const x = tensor([1, 2, 3]).requiresGrad_();
    x.mul(x).sum().backward();
    expect(x.grad?.toNumbers()).toEqual([2, 4, 6]);
    x.mul(x).sum().backward();
    expect(x.grad?.toNumbers()).toEqual([4, 8, 12]);
    x.grad = null;
    expect(x.grad).toBeNull();
  });

  it("gives second derivatives, and null where nothing depends", () => {
    const x = tensor(3).requiresGrad_();
    const unused = tensor(1).requiresGrad_();
    const [first, none] = grad(x.pow(3), [x, unused], { createGraph: true });
    expect(first?.item()).toBe(27);
    expect(none).toBeNull();
    expect(grad(first!, [x])[0]?.item()).toBe(18);
  });

  it("records nothing under noGrad, and recovers after an error", () => {
    const x = tensor(1).requiresGrad_();
    expect(noGrad(() => x.mul(2)).requiresGrad).toBe(false);
    expect(() =>
      noGrad(() => {
        throw new Error("inside");
      }),
    ).toThrow("inside");
    expect(x.mul(2).requiresGrad).toBe(true);
  });

  it("casts matrix products within autocast only", () => {
    const x = randn([4, 4]);
    expect(autocast({}, () => x.matmul(x)).dtype).toBe("bfloat16");
    expect(autocast({ enabled: false }, () => x.matmul(x)).dtype).toBe("float32");
    expect(x.matmul(x).dtype).toBe("float32");
  });
});

describe("random numbers", () => {
  it("repeats with the seed and with the state", () => {
    manualSeed(1);
    const a = randn([5]).toNumbers();
    manualSeed(1);
    expect(randn([5]).toNumbers()).toEqual(a);
    const state = getRngState();
    const b = randn([5]).toNumbers();
    setRngState(state);
    expect(randn([5]).toNumbers()).toEqual(b);
    expect(() => manualSeed(-1)).toThrow(TorchError);
  });
});

describe("lifetimes", () => {
  it("frees what a scope made, except what it returns", () => {
    const before = memory().liveTensors;
    const kept = scope(() => {
      const x = zeros([10]);
      const y = x.add(1);
      return { deep: [new Map([["y", y]])], number: 3 };
    });
    expect(memory().liveTensors).toBe(before + 1);
    expect(kept.deep[0]?.get("y")?.toNumbers()[0]).toBe(1);
    kept.deep[0]?.get("y")?.dispose();
    expect(memory().liveTensors).toBe(before);
  });

  it("frees in a scope that throws, and nests", () => {
    const before = memory().liveTensors;
    expect(() =>
      scope(() => {
        zeros([1]);
        scope(() => zeros([1]));
        throw new Error("midway");
      }),
    ).toThrow("midway");
    expect(memory().liveTensors).toBe(before);
  });

  it("keeps what keep() is given", () => {
    let x: Tensor | undefined;
    scope(() => {
      x = keep(zeros([1]));
    });
    expect(x?.disposed).toBe(false);
    x?.dispose();
  });

  it("frees at the end of a block with using", () => {
    const before = memory().liveTensors;
    {
      using x = zeros([1]);
      expect(x.numel).toBe(1);
    }
    expect(memory().liveTensors).toBe(before);
  });

  it("frees a gradient's graph with its tensors", () => {
    const w = randn([8, 8]).requiresGrad_();
    const before = memory().liveTensors;
    for (let i = 0; i < 20; i++) {
      scope(() => w.matmul(w).relu().sum().backward());
      expect(memory().liveTensors).toBe(before);
    }
    w.dispose();
  });

  it("refuses asynchronous scopes and disposed tensors", () => {
    expect(() => scope(async () => zeros([1]))).toThrow(/synchronous/);
    const x = zeros([2]);
    x.dispose();
    x.dispose();
    expect(() => x.add(1)).toThrow(/aten::add.Scalar: Expected a live tensor for self/);
    expect(() => x.shape).toThrow(TorchError);
    expect(String(x)).toBe("Tensor(disposed)");
  });
});
