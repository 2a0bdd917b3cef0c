import { describe, expect, it } from "vitest";
import { manualSeed, nn, type Tensor, TorchError, zeros } from "../index.ts";
import { expectClose, fixture, under } from "../testing/fixtures.ts";

const { init } = nn;
const reference = fixture("initialisers");

describe("initialisers", () => {
  const fills: Record<string, (weight: Tensor) => Tensor> = {
    kaiming_uniform: (w) => init.kaimingUniform(w, { a: Math.sqrt(5) }),
    kaiming_normal: (w) => init.kaimingNormal(w, { mode: "fan_out", nonlinearity: "relu" }),
    xavier_uniform: (w) => init.xavierUniform(w),
    normal: (w) => init.normal(w, 0.5, 0.02),
  };
  it.each(Object.entries(fills))("%s draws PyTorch's numbers", (name, fill) => {
    manualSeed(0);
    const weight = zeros([5, 2, 2, 2]);
    expect(fill(weight)).toBe(weight);
    expectClose(weight, reference[name], name);
  });

  const layers: Record<string, () => nn.Module> = {
    linear: () => new nn.Linear(6, 4),
    conv2d: () => new nn.Conv2d(4, 6, 3, { groups: 2 }),
    attention: () => new nn.MultiheadSelfAttention(8, 2),
  };
  it.each(Object.entries(layers))("%s starts from PyTorch's weights", (name, make) => {
    manualSeed(0);
    const state = make().stateDict();
    const wanted = under(reference, `${name}.`);
    expect(Object.keys(state)).toEqual(Object.keys(state).filter((key) => key in wanted));
    for (const [key, value] of Object.entries(wanted)) expectClose(state[key], value, key);
  });

  it("truncates the normal distribution at absolute bounds", () => {
    manualSeed(0);
    const weight = init.truncNormal(zeros([100_000]), 0.1, 0.5, -0.4, 1.1);
    expect(weight.amin().item()).toBeGreaterThanOrEqual(-0.4);
    expect(weight.amax().item()).toBeLessThanOrEqual(Math.fround(1.1));
    // Closed form for bounds at −1 and 2 standard deviations: Z = Φ(2) − Φ(−1).
    const [density1, density2, z] = [0.2419707245, 0.05399096651, 0.8185946141];
    const mean = 0.1 + (0.5 * (density1 - density2)) / z;
    const variance = 0.25 * (1 + (-density1 - 2 * density2) / z - ((density1 - density2) / z) ** 2);
    expect(weight.mean().item()).toBeCloseTo(mean, 2);
    expect(weight.std().item()).toBeCloseTo(Math.sqrt(variance), 2);
  });

  it.each([
    ["float32", 2 ** 23, 0.12],
    ["bfloat16", 100_000, 0.06],
  ] as const)(
    "draws no weight of %s from the ends of the distribution, where its inverse is infinite",
    (dtype, count, most) => {
      // With this seed, −1 is among the uniform numbers.
      manualSeed(1);
      const weight = init.truncNormal(zeros([count], { dtype }), 0, 0.02);
      expect(weight.abs().amax().item()).toBeLessThan(most);
    },
  );

  it("fills with constants", () => {
    expect(init.ones(zeros([2])).toNumbers()).toEqual([1, 1]);
    expect(init.zeros(init.constant(zeros([2]), 3)).toNumbers()).toEqual([0, 0]);
  });

  it("leaves what has no numbers as it is", () => {
    for (const fill of [init.kaimingUniform, init.kaimingNormal, init.xavierUniform])
      expect(fill(zeros([3, 0])).shape).toEqual([3, 0]);
  });

  it("refuses what has no fan, and bounds the wrong way round", () => {
    expect(() => init.kaimingUniform(zeros([3]))).toThrow(TorchError);
    expect(() => init.truncNormal(zeros([3]), 0, 1, 2, -2)).toThrow(/std above 0 and low below high/);
    expect(() => init.truncNormal(zeros([3]), 0, -1)).toThrow(TorchError);
  });
});
