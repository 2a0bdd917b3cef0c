import { expect, it } from "vitest";
import { duration, paint, percent, prose, table } from "./output.ts";

it("lays out columns, numbers to the right", () => {
  expect(
    table([
      ["class", "f1"],
      ["cat", 0.5],
      ["elephant", 12],
    ]),
  ).toBe("class      f1\ncat       0.5\nelephant   12");
});

it("cuts the widest column so that a table fits", () => {
  const text = table([["a".repeat(100), "b".repeat(30), 1]], 80);
  expect(text.length).toBeLessThanOrEqual(80);
  expect(text).toContain("…");
  expect(text).toContain("b".repeat(30));
});

it("breaks sentences between words", () => {
  expect(prose("one two three four", 9)).toBe("one two\nthree\nfour");
  expect(prose("a-very-long-word fits nowhere", 9)).toBe("a-very-long-word\nfits\nnowhere");
  expect(prose("one two three four", Number.POSITIVE_INFINITY)).toBe("one two three four");
});

it("cuts nothing when piped", () => {
  const { isTTY, columns } = process.stdout;
  const row = ["a".repeat(300), "b"];
  process.stdout.isTTY = false;
  expect(table([row])).toBe(row.join("  "));
  process.stdout.isTTY = true;
  process.stdout.columns = 50;
  expect(table([row])).toHaveLength(50);
  Object.assign(process.stdout, { isTTY, columns });
});

it("colours terminals only, and none that asks for no colour", () => {
  const before = process.env.NO_COLOR;
  delete process.env.NO_COLOR;
  expect([paint("red", "x", { isTTY: true }), paint("red", "x", {})]).toEqual(["\u001b[31mx\u001b[39m", "x"]);
  process.env.NO_COLOR = "1";
  expect(paint("red", "x", { isTTY: true })).toBe("x");
  if (before === undefined) delete process.env.NO_COLOR;
  else process.env.NO_COLOR = before;
});

it("writes shares and times as people read them", () => {
  expect([0, 0.5123, 1].map(percent)).toEqual(["0.0 %", "51.2 %", "100.0 %"]);
  expect([8.2, 192, 7500].map(duration)).toEqual(["8.2s", "3m 12s", "2h 05m"]);
});
