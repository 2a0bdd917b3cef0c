import { randn, scope } from "@unlabel/torch";
import { expect, it } from "vitest";
import { headMacs } from "./head-macs.ts";
import { deepHead, type HeadEnd } from "./heads.ts";

const trained = (widths: number[], end?: HeadEnd) => {
  const head = deepHead(widths, end);
  const found = head.namedParameters().map(([name, { shape }]) => `${name} ${shape}`);
  head.dispose();
  return found;
};
const HIDDEN = ["0.weight 5,4", "1.weight 5", "1.bias 5", "3.weight 6,5", "4.weight 6", "4.bias 6"];

it.each<[HeadEnd | undefined, string[]]>([
  [undefined, ["6.weight 3,6", "6.bias 3"]],
  [{ bias: false }, ["6.weight 3,6"]],
  [{ norm: "affine" }, ["6.weight 3,6", "7.weight 3", "7.bias 3"]],
  [{ norm: "plain" }, ["6.weight 3,6"]],
])("a deep head has BatchNorm and ReLU between its layers, and ends as asked: %j", (end, last) => {
  expect(trained([4, 5, 6, 3], end)).toEqual([...HIDDEN, ...last]);
});

it("a deep head of two widths is one layer", () => {
  expect(trained([4, 3])).toEqual(["0.weight 3,4", "0.bias 3"]);
});

it("a plain end has mean 0 and variance 1 over the batch", () => {
  scope(() => {
    const out = deepHead([4, 8, 3], { norm: "plain" }).call(randn([64, 4]));
    for (const value of out.mean([0]).toNumbers()) expect(value).toBeCloseTo(0, 5);
    for (const value of out.var(0, { correction: 0 }).toNumbers()) expect(value).toBeCloseTo(1, 2);
  });
});

it("counts the multiply-adds of its layers", () => {
  expect(headMacs([4, 5, 6, 3])).toBe(20 + 30 + 18);
});
