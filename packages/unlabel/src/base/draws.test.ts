import { observeOperators, scope } from "@unlabel/torch";
import { expect, it } from "vitest";
import { Draws } from "./draws.ts";

const places = (from: number, count: number) => Int32Array.from({ length: count }, (_, i) => from + i);
const rows = (draws: Draws, views = 1) => scope(() => [...draws.uniform("mask", 6, views).toArray()].map(Number));

it("depends on the seed, the step, the place, the view and the stream, and on nothing else", () => {
  const whole = rows(new Draws(3, 7, places(0, 4)));
  expect(rows(new Draws(3, 7, places(0, 4)))).toEqual(whole);
  for (const other of [new Draws(4, 7, places(0, 4)), new Draws(3, 8, places(0, 4)), new Draws(3, 7, places(4, 4))]) {
    expect(rows(other)).not.toEqual(whole);
  }
  expect(new Set(whole).size).toBe(24);
  const stream = scope(() => [...new Draws(3, 7, places(0, 4)).uniform("drop", 6).toArray()].map(Number));
  expect(stream).not.toEqual(whole);
});

it("draws the same for an image whatever else is in the batch: micro-batches, ranks, views", () => {
  const draws = new Draws(3, 7, places(0, 4));
  const whole = rows(draws);
  expect(rows(draws.narrow(1, 2))).toEqual(whole.slice(6, 18));
  expect(rows(new Draws(3, 7, Int32Array.of(3, 1)))).toEqual([...whole.slice(18, 24), ...whole.slice(6, 12)]);
  const two = rows(draws, 2);
  expect(two.slice(0, 24)).toEqual(whole);
  expect(two.slice(24)).not.toEqual(whole);
  const part = rows(draws.narrow(2, 1), 2);
  expect(part).toEqual([...two.slice(12, 18), ...two.slice(36, 42)]);
});

it("is uniform on [0, 1)", () => {
  const values = scope(() => [...new Draws(1, 1, places(0, 200)).uniform("mask", 100).toArray()].map(Number));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  // Of 20,000 numbers the mean's deviation is 0.002.
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.01);
  expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...values)).toBeLessThan(1);
  const variance = values.reduce((sum, value) => sum + (value - 0.5) ** 2, 0) / values.length;
  expect(Math.abs(variance - 1 / 12)).toBeLessThan(0.005);
});

it("gives all images one generator for what they have in common, and each its own, whatever the parts", () => {
  const draws = new Draws(3, 7, places(0, 4));
  const shared = (from: Draws, name = "slices") => from.shared(name).bits();
  expect(shared(draws.narrow(1, 2))).toBe(shared(draws));
  for (const other of [
    shared(new Draws(4, 7, places(0, 4))),
    shared(new Draws(3, 8, places(0, 4))),
    shared(draws, "sizes"),
  ])
    expect(other).not.toBe(shared(draws));
  const each = (from: Draws) => from.each("blocks").map((rng) => rng.bits());
  expect(new Set(each(draws)).size).toBe(4);
  expect(each(draws.narrow(1, 2))).toEqual(each(draws).slice(1, 3));
});

it("gives the same numbers on the host, and sends several arrays to the device in one copy", () => {
  scope(() => {
    const draws = new Draws(3, 7, places(0, 4));
    expect([...draws.numbers("mask", 6, 2)]).toEqual(rows(draws, 2));
    const there = new Draws(3, 7, places(0, 4), "meta");
    let copies = 0;
    const sent = observeOperators(
      ({ name }) => {
        if (name === "aten::to.dtype_layout") copies++;
      },
      () => there.placedTogether([{ data: Float32Array.of(1, 2), shape: [2, 1] }, { data: BigInt64Array.of(3n) }]),
    );
    expect(sent.map(String)).toEqual(["Tensor(float32 [2, 1] meta)", "Tensor(int64 [1] meta)"]);
    expect(copies).toBe(1);
  });
});
