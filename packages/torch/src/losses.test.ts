import { expect, it } from "vitest";
import type { Tensor } from "./index.ts";
import { expectClose, fixture } from "./testing/fixtures.ts";

const { logits, target, weight, goal, ...reference } = fixture("losses");

// LibTorch counts reductions: 0 none, 1 mean, 2 sum.
const losses: Record<string, (x: Tensor) => Tensor> = {
  cross_entropy: (x) => x.crossEntropyLoss(target!),
  cross_entropy_sum: (x) => x.crossEntropyLoss(target!, null, 2),
  cross_entropy_smooth: (x) => x.crossEntropyLoss(target!, weight!, 1, -100, 0.1),
  mse: (x) => x.mseLoss(goal!),
  mse_sum: (x) => x.mseLoss(goal!, 2),
};

it.each(Object.entries(losses))("%s and its gradient are PyTorch's", (name, loss) => {
  const x = logits!.clone().requiresGrad_();
  const value = loss(x);
  value.backward();
  expectClose(value, reference[`${name}/value`], "value");
  expectClose(x.grad, reference[`${name}/grad`], "grad");
  expect(Object.keys(reference)).toHaveLength(2 * Object.keys(losses).length);
});
