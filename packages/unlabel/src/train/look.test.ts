import { arange, fromTypedArray } from "@unlabel/torch";
import { expect, it } from "vitest";
import { firstViews, twoViews, voteOf } from "./look.ts";

const kind = (count: number, size: number) => ({ count, size });

it.each([
  ["two of one kind", [kind(2, 32)], [0, 0, 0, 1]],
  ["one each of two kinds", [kind(1, 32), kind(1, 32)], [0, 0, 1, 0]],
  ["large ones beside many small ones", [kind(2, 32), kind(6, 16)], [0, 0, 0, 1]],
  ["of kinds of which the first is of another size", [kind(1, 64), kind(1, 32), kind(3, 32)], [1, 0, 2, 0]],
])("compares the first two views of one size: %s", (_, specs, [spec0, view0, spec1, view1]) => {
  expect(twoViews(specs)).toEqual([
    { spec: spec0, view: view0 },
    { spec: spec1, view: view1 },
  ]);
});

it.each([[[]], [[kind(1, 32)]], [[kind(1, 32), kind(1, 16)]]])(
  "compares nothing where no two are of one size: %j",
  (specs) => {
    expect(twoViews(specs)).toBeNull();
  },
);

it("takes both views of the same images out of a batch", () => {
  const batch = 5;
  const specs = [kind(1, 32), kind(3, 16)];
  // View by view, images 0 to 4 in each.
  const views = [arange(0, batch), arange(0, 3 * batch)];
  const of = (pair: Parameters<typeof firstViews>[2], count: number) =>
    firstViews(views, specs, pair, count).toNumbers();
  expect(
    of(
      [
        { spec: 1, view: 0 },
        { spec: 1, view: 2 },
      ],
      2,
    ),
  ).toEqual([0, 1, 10, 11]);
  expect(
    of(
      [
        { spec: 0, view: 0 },
        { spec: 1, view: 1 },
      ],
      3,
    ),
  ).toEqual([0, 1, 2, 5, 6, 7]);
});

it("lets no part of a file vote on another part of it", () => {
  // Twelve files of 18 parts; a file's parts are exactly alike, and its neighbours are of the other class.
  const files = Int32Array.from({ length: 216 }, (_, i) => Math.floor(i / 18));
  const labels = Int32Array.from(files, (file) => file % 2);
  const angles = Array.from(files, (file) => file * 0.1);
  const encoded = fromTypedArray(
    Float32Array.from(angles.flatMap((angle) => [Math.cos(angle), Math.sin(angle)])),
    [216, 2],
  );
  expect(voteOf(encoded, labels, 2)).toEqual({ "online/knn_top1": 1 });
  expect(voteOf(encoded, labels, 2, files)).toEqual({ "online/knn_top1": 0 });
  encoded.dispose();
});
