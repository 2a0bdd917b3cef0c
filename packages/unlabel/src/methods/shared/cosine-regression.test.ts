import { autocast, scope, tensor } from "@unlabel/torch";
import { expect, it } from "vitest";
import { cosineRegression } from "./cosine-regression.ts";

it("is 0 for the same direction, 2 across and 4 for the opposite, whatever the lengths", () => {
  scope(() => {
    const predicted = tensor([
      [3, 0],
      [0, 0.1],
      [-2, 0],
      [1, 1],
    ]);
    const target = tensor([
      [1, 0],
      [5, 0],
      [7, 0],
      [1, 0],
    ]);
    const found = cosineRegression(predicted, target).toNumbers();
    for (const [i, value] of [0, 2, 4, 2 - Math.SQRT2].entries()) expect(found[i]).toBeCloseTo(value, 5);
  });
});

it("is the squared distance of the two at length one", () => {
  scope(() => {
    const [p, t] = [tensor([[1, 2, -1]]), tensor([[0.5, -1, 4]])];
    const unit = (x: typeof p) => x.div(x.linalgVectorNorm());
    expect(cosineRegression(p, t).item()).toBeCloseTo(unit(p).sub(unit(t)).square().sum().item(), 5);
  });
});

it("gives the target no gradient, and is computed in float32 under autocast", () => {
  scope(() => {
    const [p, t] = [tensor([[1, 2]]).requiresGrad_(), tensor([[2, 1]]).requiresGrad_()];
    const loss = autocast({ dtype: "bfloat16" }, () => cosineRegression(p, t));
    expect(loss.dtype).toBe("float32");
    loss.sum().backward();
    expect(p.grad).not.toBeNull();
    expect(t.grad).toBeNull();
  });
});
