import { cat, randn, scope, type Tensor } from "@unlabel/torch";
import { expect, it } from "vitest";
import { told } from "../../testing/progress.ts";
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

const numbered = (...images: number[]) => Int32Array.from(images);

it("asks once for each image, whatever its place, and gives back what was said", () => {
  scope(() => {
    const kept = new KeptFeatures();
    const { asked, encode } = counting();
    const views = randn([3, 2, 4, 4]);
    const first = told(kept.of(views, numbered(5, 0, 9), encode)).features;
    expect([first.dtype, first.shape]).toEqual(["float32", [3, 2]]);
    expect(kept.of(views.flip([0]), numbered(9, 0, 5), encode).features.equal(first.flip([0]))).toBe(true);
    expect([asked.times, kept.size]).toEqual([3, 3]);
    // Beside one that is new.
    const other = randn([1, 2, 4, 4]);
    const mixed = told(kept.of(cat([other, views.narrow(0, 1, 1)]), numbered(4, 0), encode)).features;
    expect(mixed.narrow(0, 1, 1).equal(first.narrow(0, 1, 1))).toBe(true);
    expect(mixed.narrow(0, 0, 1).equal(encode(other))).toBe(true);
    expect([asked.times, kept.size]).toEqual([5, 4]);
  });
});

it("keeps an image once that comes twice, and nothing before its readings are taken", () => {
  scope(() => {
    const kept = new KeptFeatures();
    const { asked, encode } = counting();
    const view = randn([1, 1, 2, 2]);
    kept.of(view, numbered(3), encode);
    expect(kept.size).toBe(0);
    told(kept.of(cat([view, view]), numbered(3, 3), encode));
    expect([asked.times, kept.size]).toEqual([3, 1]);
  });
});

it("keeps nothing where nobody knows which images they are, and refuses numbers of others", () => {
  scope(() => {
    const kept = new KeptFeatures();
    const { asked, encode } = counting();
    const views = randn([2, 1, 2, 2]);
    const first = told(kept.of(views, undefined, encode)).features;
    expect(told(kept.of(views, undefined, encode)).features.equal(first)).toBe(true);
    expect([asked.times, kept.size]).toEqual([4, 0]);
    expect(() => kept.of(views, numbered(1), encode)).toThrow("Expected the numbers of 2 images beside as many views");
  });
});

it("keeps no more than it may, and computes the rest anew", () => {
  scope(() => {
    const kept = new KeptFeatures(300);
    const { asked, encode } = counting();
    const [views, images] = [randn([5, 1, 2, 2]), numbered(0, 1, 2, 3, 4)];
    const first = told(kept.of(views, images, encode)).features;
    expect(kept.size).toBe(2);
    expect(told(kept.of(views, images, encode)).features.equal(first)).toBe(true);
    expect([asked.times, kept.size]).toEqual([5 + 3, 2]);
  });
});
