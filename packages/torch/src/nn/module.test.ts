import { expect, it } from "vitest";
import { nn, randn, scope } from "../index.ts";

it("drops the gradients of parameters that have been frozen since, too", () => {
  scope(() => {
    const layer = new nn.Linear(3, 2);
    layer
      .call(randn([4, 3]))
      .sum()
      .backward();
    layer.weight.requiresGrad_(false);
    expect(layer.namedParameters().map(([name]) => name)).toEqual(["bias"]);
    layer.zeroGrad();
    expect([layer.weight.grad, layer.bias!.grad]).toEqual([null, null]);
  });
});
