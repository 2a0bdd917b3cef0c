import { describe, expect, it } from "vitest";
import { figure, markdownTable, plainTable, row } from "./row.ts";

describe("rows", () => {
  it("have a ratio where both sides have a number", () => {
    expect(row("a", "images/s", 30, 20).ratio).toBe(1.5);
    expect(row("a", "MB", 30, null).ratio).toBeNull();
    expect(row("a", "%", null, 20).ratio).toBeNull();
  });

  it("show three digits without an exponent", () => {
    expect([1234.5, 123.45, 12.345, 1.2345, 0.012345, 0.00001, 0].map(figure)).toEqual([
      "1235",
      "123",
      "12.3",
      "1.23",
      "0.0123",
      "0.0000",
      "0",
    ]);
    expect(figure(null)).toBe("–");
    expect(figure(undefined)).toBe("–");
  });

  it("leave out columns that none fills, and put notes last in Markdown", () => {
    const rows = [row("a", "images/s", 30, 20, { note: "with 2 workers", ours_mb: 512.4 }), row("b", "MB", 7, null)];
    expect(markdownTable(rows).split("\n")).toEqual([
      "|  | ours | peer |  | ratio | MB | note |",
      "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
      "| a | 30.0 | 20.0 | images/s | 1.50 × | 512 | with 2 workers |",
      "| b | 7.00 | – | MB | – | – |  |",
    ]);
  });

  it("show shares of the floor in per cent, and nothing for what was not run", () => {
    const text = plainTable([
      row("speed", "images/s", 2, 1, { floor: 0.456 }),
      row("half", "%", null, null, { note: "not run: this CPU has no bf16" }),
    ]);
    expect(text).toContain("46 %");
    expect(text).toMatch(/^half +– /m);
    expect(text).toContain("half: not run: this CPU has no bf16");
  });
});
