// Softmax regression comes to its optimum, and ends there: on no machine's rounding does it go on without moving.
import { fromTypedArray, manualSeed, randn, scope } from "@unlabel/torch";
import { expect, it } from "vitest";
import { logistic } from "./logistic.ts";

const MANY = 5_000;

it.each([0.1, 1e-2, 1e-3, 1e-5])(
  "ends long before its last iteration, where no step goes down, with a penalty of %d",
  (weight_decay) => {
    scope(() => {
      manualSeed(3);
      const labels = Int32Array.from({ length: 240 }, (_, i) => i % 3);
      const shift = fromTypedArray(
        Float32Array.from(labels, (label) => label - 1),
        [240, 1],
      );
      // Noise, so that no penalty is needed for an optimum that is finite.
      const inputs = randn([240, 6]).add(shift, { alpha: 0.7 });
      const { weight, bias, curve } = logistic(inputs, labels, 3, { weight_decay, iterations: MANY });
      expect(curve.length).toBeGreaterThan(3);
      expect(curve.length).toBeLessThan(200);
      // The slope is nothing there: ∂L/∂b = mean(P − Y), ∂L/∂W = Xᵀ(P − Y)/N + λW.
      const targets = fromTypedArray(labels).to({ dtype: "int64" }).oneHot(3).to({ dtype: "float32" });
      const error = inputs.mm(weight).add(bias).softmax(1).sub(targets).div(240);
      expect(error.sum([0]).abs().amax().item()).toBeLessThan(5e-4);
      expect(inputs.t().mm(error).add(weight, { alpha: weight_decay }).abs().amax().item()).toBeLessThan(5e-4);
    });
  },
);

it("begins where it is told, and is there at once where that is the optimum", () => {
  scope(() => {
    manualSeed(4);
    const labels = Int32Array.from({ length: 90 }, (_, i) => i % 3);
    const inputs = randn([90, 4]);
    const options = { weight_decay: 0.1, iterations: MANY };
    const { weight, bias } = logistic(inputs, labels, 3, options);
    const { curve } = logistic(inputs, labels, 3, { ...options, start: { weight, bias } });
    expect(curve.length).toBeLessThan(5);
  });
});
