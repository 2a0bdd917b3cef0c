import { parseHTML } from "linkedom";
import { describe, expect, it } from "vitest";
import { type Axis, axes, type Point, rowsOf } from "./scale.ts";
import { scalePlot } from "./scale-plot.ts";
import { parseCores } from "./threads.ts";

const axis: Axis = { name: "batch", unit: "images a step", points: [] };
const points: Point[] = [8, 16, 32].map((x) => ({ x, label: `${x}`, step: x / 100, mb: 300, start: 2 }));

describe("growth of cost", () => {
  it("is measured along four axes whose numbers grow", () => {
    const all = axes({ images: 8000, batch: 32 });
    expect(all.map(({ name }) => name)).toEqual(["batch", "image size", "model", "data set"]);
    expect(all[0]?.points.map(({ label }) => label)).toEqual(["16", "32", "64", "128"]);
    for (const { points } of all) {
      for (const [i, { x }] of points.entries()) if (i > 0) expect(x).toBeGreaterThan(points[i - 1]!.x);
    }
  });

  it("is an exponent of time and one of memory, with the numbers behind them", () => {
    const [time, memory] = rowsOf(axis, points);
    expect(time?.name).toBe("batch: time of a step");
    expect(time?.ours).toBeCloseTo(1, 12);
    expect(time?.note).toBe("8: 0.080 s, 16: 0.160 s, 32: 0.320 s");
    expect(memory?.ours).toBeCloseTo(0, 12);
    expect(rowsOf({ ...axis, name: "data set" }, points)).toHaveLength(3);
  });

  it("is drawn as a picture that stands alone, with every point and its name", () => {
    const svg = scalePlot(axis, points);
    const { document } = parseHTML(svg);
    expect(svg).toContain('xmlns="http://www.w3.org/2000/svg"');
    expect(document.querySelector("title")?.textContent).toBe("Time and memory by batch");
    expect(document.querySelectorAll("circle")).toHaveLength(6);
    for (const text of [
      "8",
      "16",
      "32",
      "images a step",
      "time of a step: exponent 1.00",
      "peak memory: exponent 0.00",
    ]) {
      expect(document.querySelector("svg")?.textContent).toContain(text);
    }
  });
});

it("reads the lists of cores that the system prints", () => {
  expect(parseCores("0-2,5")).toEqual([0, 1, 2, 5]);
  expect(parseCores("3")).toEqual([3]);
});
