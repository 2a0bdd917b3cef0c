import { expect, it } from "vitest";
import { bytesInWords, visible } from "./text.ts";

it("shows control characters and leaves the rest", () => {
  expect(visible("a\u001b[31mb\nc\u0085 é 🙂 أسماء")).toBe("a\\x1b[31mb\\x0ac\\x85 é 🙂 أسماء");
  expect(visible("\u202egnp.exe")).toBe("\\u202egnp.exe");
});

it("says bytes in the largest unit that they reach, with two digits", () => {
  expect([0, 1, 999, 3204, 9_960_000, 45_123_456, 2.5e9].map(bytesInWords)).toEqual([
    "0 bytes",
    "1 byte",
    "999 bytes",
    "3.2 kB",
    "10.0 MB",
    "45 MB",
    "2.5 GB",
  ]);
});
