import { describe, expect, it } from "vitest";
import { resolveConfig } from "../packages/unlabel/src/methods/registry.ts";
import { linesOf, sizeLines, type TrainedRow } from "./ideas.ts";
import { BASE, IDEA_SETS, PLAIN } from "./ideas-plan.ts";
import { SETS } from "./preset-sets.ts";

const row = (idea: string, seed: number, linear: number, knn: number): TrainedRow => ({
  ...{
    kind: "trained",
    set: "photographs",
    idea,
    settings: "abc",
    minutes: 5,
    seed,
    steps: 100,
    images: 400,
    linear,
    knn,
  },
  ...{ initial: { linear: 0.4, knn: 0.3 }, commit: null },
});

describe("ideas", () => {
  it.each(IDEA_SETS)("of $name are settings that make sense, each other than the plain ones", ({ name, ideas }) => {
    expect(SETS.map((set) => set.name)).toContain(name);
    expect(ideas[0]).toEqual({ name: PLAIN, settings: {} });
    expect(new Set(ideas.map((idea) => idea.name)).size).toBe(ideas.length);
    const plain = resolveConfig({ flags: { ...BASE } }) as unknown as Record<string, unknown>;
    for (const { settings } of ideas) {
      const config = resolveConfig({ flags: { ...BASE, ...settings } });
      expect(config).toMatchObject(settings);
      for (const [key, value] of Object.entries(settings)) expect(plain[key]).not.toBe(value);
    }
  });

  it("stand in a table by their means, with the gain over the plain training of the same seed", () => {
    const rows = [
      ...[row(PLAIN, 0, 0.6, 0.5), row(PLAIN, 1, 0.64, 0.5)],
      // What was measured again counts once.
      ...[row("some", 0, 0.1, 0.1), row("some", 0, 0.63, 0.49), row("some", 1, 0.65, 0.49)],
      row("other", 2, 0.7, 0.6),
    ];
    expect(linesOf(rows)).toEqual([
      ["", "steps", "linear", "gain", "kNN", "gain", "seeds"],
      ["other", "100", "70.0", "–", "60.0", "–", "2"],
      ["some", "100", "64.0", "+2.0 ± 1.4", "49.0", "−1.0 ± 0.0", "0, 1"],
      [PLAIN, "100", "62.0", "", "50.0", "", "0, 1"],
    ]);
  });

  it("have scores at other sizes beside them, once they were looked at so", () => {
    const looked = {
      ...row(PLAIN, 0, 0.6, 0.5),
      at: { 160: { linear: 0.62, knn: 0.5 }, 96: { linear: 0.58, knn: 0.52 } },
    };
    const other = { ...row("some", 0, 0.6, 0.5), at: { 96: { linear: 0.5, knn: 0.4 } } };
    expect(sizeLines([row("some", 0, 0.6, 0.5)])).toEqual([]);
    expect(sizeLines([looked, { ...looked, seed: 1, at: { 96: { linear: 0.6, knn: 0.54 } } }, other])).toEqual([
      ["linear, kNN at", "96 px", "160 px"],
      [PLAIN, "59.0, 53.0", "62.0, 50.0"],
      ["some", "50.0, 40.0", "–"],
    ]);
  });
});
