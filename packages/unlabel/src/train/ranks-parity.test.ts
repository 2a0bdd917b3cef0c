// Two ranks are one process: for every method of the list the gradients of the first step, and all weights, statistics, momentum copies and
// queues after five, with the same global batch.
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { METHODS } from "../methods/list.ts";
import { runRanks } from "../testing/ranks.ts";

interface Found {
  name: string;
  sum: number;
  gradient: number;
  gradients: number;
  weights: [number, string];
  loss: number;
  moved: boolean;
}

/** By each rank: whether both have the same, and of half of the cases how far that is from one process. */
let [first, second]: [Found[], Found[]] = [[], []];
let found: Found[] = [];

beforeAll(async () => {
  const script = fileURLToPath(new URL("../testing/run-parity.ts", import.meta.url));
  const outcomes = await runRanks(2, script);
  expect(outcomes.map(({ code, stderr }) => [code, stderr])).toEqual([
    [0, ""],
    [0, ""],
  ]);
  [first, second] = outcomes.map(({ said }) => said) as [Found[], Found[]];
  found = [...first, ...second].filter(({ weights }) => weights !== undefined);
}, 300_000);

it("tries every method of the list", () => {
  expect(found.map(({ name }) => name)).toEqual(expect.arrayContaining(METHODS.map(({ about }) => about.name)));
});

describe("two ranks against one process with the same global batch", () => {
  it("have the same gradients in the first step (relative, float32)", () => {
    for (const { name, gradient, gradients } of found) {
      expect.soft(gradients, name).toBeGreaterThan(10);
      expect.soft(gradient, name).toBeLessThan(1e-5);
    }
  });

  it("have the same weights, statistics, copies and queues after five steps of SGD at 0.05", () => {
    for (const { name, weights, loss, moved } of found) {
      expect.soft(weights[0], `${name}: ${weights[1]}`).toBeLessThan(1e-4);
      expect.soft(loss, name).toBeLessThan(1e-4);
      expect.soft(moved, name).toBe(true);
    }
  });

  it("are the same to the bit", () => {
    expect(second.map(({ name, sum }) => [name, sum])).toEqual(first.map(({ name, sum }) => [name, sum]));
  });
});
