import { describe, expect, it } from "vitest";
import { BESIDE_COMMIT, isSlower, verdictOf } from "./against.ts";
import { plainTable, type Row, row } from "./row.ts";

const at = (name: string, ratio: number): Row => row(name, "images/s", 100 * ratio, 100);
const missing = row("byol", "images/s", 5, null, { note: "not in 8ae210b: no such method" });

describe("what is said of rows beside another commit", () => {
  it("is that none is slower, down to 0.97", () => {
    expect([1.2, 1, 0.97].map((ratio) => isSlower(at("a", ratio)))).toEqual([false, false, false]);
    expect(verdictOf([at("a", 1.2), at("b", 0.97)], "8ae210b")).toEqual({
      text: "none of 2 rows is below 0.97 of 8ae210b",
      ok: true,
    });
  });

  it("names each slower row, with digits enough to see it", () => {
    expect(verdictOf([at("a", 0.9694), at("b", 1), at("c", 0.5)], "8ae210b")).toEqual({
      text: "2 of 3 rows below 0.97 of 8ae210b: a (0.969 ×), c (0.500 ×)",
      ok: false,
    });
  });

  it("counts rows that the other commit does not have as neither, and says so", () => {
    expect(isSlower(missing)).toBe(false);
    expect(verdictOf([at("a", 1), missing], "8ae210b")).toEqual({
      text: "none of 1 rows is below 0.97 of 8ae210b; 1 without a ratio",
      ok: true,
    });
  });

  it("passes nothing where nothing was compared, or a ratio is no number", () => {
    expect(verdictOf([missing], "8ae210b").ok).toBe(false);
    expect(verdictOf([], "8ae210b").ok).toBe(false);
    expect(verdictOf([at("a", Number.NaN)], "8ae210b").ok).toBe(false);
  });

  it("comes below a table of both sides and the rounds' lowest and highest ratio", () => {
    const measured = { ...at("probe", 0.99), ratio_min: 0.951, ratio_max: 1.024 };
    const [head, line] = plainTable([measured], BESIDE_COMMIT).split("\n");
    expect(head?.trim().split(/ {2,}/)).toEqual(["today", "before", "ratio", "min", "max"]);
    expect(line).toMatch(/^probe +99\.0 +100 +images\/s +0\.99 × +0\.95 × +1\.02 ×$/);
    expect(plainTable([measured])).not.toContain("max");
  });
});
