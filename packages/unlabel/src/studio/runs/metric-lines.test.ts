// Lines of metrics.jsonl as whoever wrote them left them: what a chart could not be drawn of is none.
import { expect, it } from "vitest";
import { lineOf, metricOf, metricsIn } from "./metric-lines.ts";

it.each([0, -1, 1.5, 1e12 + 1, Number.MAX_SAFE_INTEGER, "7", null])(
  "a line of step %j is none of a training's",
  (step) => {
    expect(lineOf(JSON.stringify({ step, "train/loss": 1 }))).toBeNull();
  },
);

it.each([1, 1e12])("a line of step %d is one", (step) => {
  expect(lineOf(JSON.stringify({ step, "train/loss": 1 }))).toMatchObject({ step });
});

it("takes values that float32 has: what is beyond is no number", () => {
  const row = lineOf('{"step":1,"a":3.4e38,"b":-3.4e38,"c":1e308,"d":1e999,"e":null,"f":"1"}')!;
  const found: Record<string, number | null> = {};
  metricsIn(row, (key, value) => {
    found[key] = value;
  });
  expect(found).toEqual({ a: 3.4e38, b: -3.4e38, c: null, d: null, e: null });
  expect(metricOf(row, "c")).toBeNull();
  expect(metricOf(row, "a")).toBe(3.4e38);
});
