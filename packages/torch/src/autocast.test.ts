// On LibTorch 2.6 the first cases fail without what native/autograd.cc does; newer ones see to it themselves.
import { describe, expect, it } from "vitest";
import {
  autocast,
  backward,
  enableGrad,
  grad,
  linear,
  manualSeed,
  noGrad,
  randn,
  scope,
  type Tensor,
} from "./index.ts";

/** What `around` does before it, with the same weight and in the same block, must not change the gradient of `linear(x, w)`. */
function gradientAfter(around: (x: Tensor, w: Tensor) => void): { found: number[] | null; expected: number[] } {
  return scope(() => {
    manualSeed(0);
    const [x, w] = [randn([3, 4]), randn([2, 4]).requiresGrad_()];
    const gradient = (first: () => void) => {
      const y = autocast({}, () => {
        first();
        return linear(x, w);
      });
      if (!y.requiresGrad) return null;
      w.grad = null;
      backward(y.to({ dtype: "float32" }).square().sum());
      return (w.grad as Tensor | null)?.toNumbers() ?? null;
    };
    return { expected: gradient(() => {})!, found: gradient(() => around(x, w)) };
  });
}

describe("autocast keeps no cast without a graph for a weight that needs one later in the same block", () => {
  const cases: Record<string, (x: Tensor, w: Tensor) => void> = {
    "after noGrad": (x, w) => void noGrad(() => linear(x, w)),
    "after noGrad in noGrad": (x, w) => noGrad(() => void noGrad(() => linear(x, w))),
    "after the rest of an outer noGrad": (x, w) =>
      noGrad(() => {
        noGrad(() => linear(x, w));
        linear(x, w);
      }),
    "after enableGrad in noGrad": (x, w) =>
      noGrad(() => {
        enableGrad(() => linear(x, w));
        linear(x, w);
      }),
    "after an error in noGrad": (x, w) =>
      expect(() =>
        noGrad(() => {
          linear(x, w);
          throw new Error("inside");
        }),
      ).toThrow("inside"),
    "after another autocast within noGrad": (x, w) => void noGrad(() => autocast({}, () => linear(x, w))),
    "after a backward pass through the weight": (x, w) => {
      const input = x.clone().requiresGrad_();
      const y = autocast({ enabled: false }, () => linear(input, w));
      backward(y.square().sum());
    },
    "after grad() through the weight": (x, w) => {
      const input = x.clone().requiresGrad_();
      const y = autocast({ enabled: false }, () => linear(input, w));
      grad(y.square().sum(), [input]);
    },
  };

  it.each(Object.entries(cases))("%s", (_, around) => {
    const { found, expected } = gradientAfter(around);
    expect(found).toEqual(expected);
  });

  it("in enableGrad within noGrad", () => {
    const { found, expected } = scope(() => {
      const [x, w] = [randn([3, 4]), randn([2, 4]).requiresGrad_()];
      const gradient = (body: (y: () => Tensor) => Tensor) => {
        w.grad = null;
        backward(autocast({}, () => body(() => linear(x, w))).sum());
        return (w.grad as Tensor | null)?.toNumbers();
      };
      return {
        expected: gradient((y) => y()),
        found: gradient((y) =>
          noGrad(() => {
            y();
            return enableGrad(y);
          }),
        ),
      };
    });
    expect(found).toEqual(expected);
  });

  it("and a cast with a graph is still made once a block", () => {
    scope(() => {
      const [x, w] = [randn([3, 4]), randn([2, 4]).requiresGrad_()];
      // Two uses of one cast add their gradients in bfloat16; each cast of its own would round apart.
      const [shared] = autocast({}, () => {
        const first = linear(x, w);
        noGrad(() => linear(x, w));
        return grad(first.sum().add(linear(x, w).sum()), [w]);
      });
      const [once] = autocast({}, () => grad(linear(x, w).sum().mul(2), [w]));
      expect(shared!.toNumbers()).toEqual(once!.toNumbers());
    });
  });
});
