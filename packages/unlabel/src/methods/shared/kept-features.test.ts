import { cat, randn, scope, type Tensor } from "@unlabel/torch";
import { expect, it } from "vitest";
import { KeptFeatures } from "./kept-features.ts";

/** Mean and maximum of a view, and how often it was asked. */
function counting() {
  const asked = { times: 0 };
  const encode = (view: Tensor) => {
    asked.times += view.shape[0]!;
    return cat([view.mean().reshape([1, 1]), view.amax().reshape([1, 1])], 1);
  };
  return { asked, encode };
}

it("asks once for each view, whatever its place, and gives back what was said", () => {
  scope(() => {
    const kept = new KeptFeatures();
    const { asked, encode } = counting();
    const views = randn([3, 2, 4, 4]);
    const first = kept.of(views, encode);
    expect(first.shape).toEqual([3, 2]);
    expect(kept.of(views.flip([0]), encode).equal(first.flip([0]))).toBe(true);
    expect([asked.times, kept.size]).toEqual([3, 3]);
    // Channels-last in memory is the same view.
    expect(kept.of(views.contiguous({ memoryFormat: "channels_last" }), encode).equal(first)).toBe(true);
    // One number apart is another.
    const other = views.clone();
    other.narrow(0, 0, 1).add_(1e-6);
    kept.of(other, encode);
    expect(asked.times).toBe(4);
  });
});

it("keeps no more than it may, and computes the rest anew", () => {
  scope(() => {
    const kept = new KeptFeatures(300);
    const { asked, encode } = counting();
    const views = randn([5, 1, 2, 2]);
    const first = kept.of(views, encode);
    expect(kept.size).toBe(2);
    expect(kept.of(views, encode).equal(first)).toBe(true);
    expect(asked.times).toBe(5 + 3);
  });
});
