import { expect, it } from "vitest";
import type { LeftAside, Split } from "./folder.ts";
import { recorded, tellUnderstood, understood } from "./understood.ts";

const split = (name: Split["name"], ...labels: [count: number, label: number][]): Split => ({
  name,
  root: "",
  items: labels.flatMap(([count, label]) => Array.from({ length: count }, () => ({ path: "x.jpg", label }))),
});
const classes = (count: number) => Array.from({ length: count }, (_, i) => ({ id: `${i}`, name: `${i}` }));
const data = (
  train: Split,
  val: Split | null,
  count: number,
  leftAside: LeftAside[] = [],
  readings: string[] = [],
) => ({
  train,
  val,
  classes: classes(count),
  leftAside,
  readings,
});

it.each([
  [data(split("train", [9469, 0]), split("val", [3925, 1]), 10), "13,394 images in 10 classes; train 9,469, val 3,925"],
  [data(split("train", [1, 0]), null, 1), "1 image in 1 class; no val"],
  [data(split("train", [7, -1]), null, 0), "7 images, no classes"],
  [data(split("train", [7, -1]), split("val", [2, -1]), 0), "9 images, no classes; train 7, val 2"],
  [data(split("train", [4, 0], [1200, -1]), null, 2), "1,204 images in 2 classes; no val, 1,200 without a class"],
  [
    data(split("train", [4, 0], [3, -1]), split("val", [1, 1], [1, -1]), 2),
    "9 images in 2 classes; train 7 (3 without a class), val 2 (1 without a class)",
  ],
])("sums up %#", (one, line) => {
  expect(understood(one)).toEqual([line]);
});

const aside = (what: string, count: number, hint?: string): LeftAside => ({
  what,
  count,
  example: `a${what}`,
  ...(hint !== undefined && { hint }),
});

it("names what is left aside: with advice a line each, the rest together, and sums up what is too much", () => {
  const one = data(split("train", [1, 0]), null, 1, [
    aside(".heic", 1200, "convert them"),
    ...["1", "2", "3", "4"].map((name) => aside(`.adv${name}`, 5, "do")),
    ...["a", "b", "c", "d", "e"].map((name) => aside(`.${name}`, 2)),
  ]);
  expect(understood(one).slice(1)).toEqual([
    "left aside: 1,200 .heic (a.heic): convert them",
    ...["1", "2", "3"].map((name) => `left aside: 5 .adv${name} (a.adv${name}): do`),
    "left aside: 2 .a (a.a), 2 .b (a.b), 2 .c (a.c), 2 .d (a.d), and 7 of 2 other kinds",
  ]);
});

it("comes on one stream, a line each, with names that cannot break a line; a record leaves outputs out", () => {
  const one = data(
    split("train", [1, 0]),
    null,
    1,
    [{ ...aside("run", 1), own: true }, aside(".t\u001b[31m", 1)],
    ["so"],
  );
  const written: string[] = [];
  tellUnderstood(
    { ...one, root: "", layout: "classes", fingerprint: "" },
    { write: (text: string) => written.push(text) },
  );
  expect(written.join("")).toBe(
    "1 image in 1 class; no val\nso\nleft aside: 1 run (arun), 1 .t\\x1b[31m (a.t\\x1b[31m)\n",
  );
  expect(recorded(one).at(-1)).toBe("left aside: 1 .t\\x1b[31m (a.t\\x1b[31m)");
});
