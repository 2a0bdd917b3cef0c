import { expect, it } from "vitest";
import { visible } from "./text.ts";

it("shows control characters and leaves the rest", () => {
  expect(visible("a\u001b[31mb\nc\u0085 é 🙂")).toBe("a\\x1b[31mb\\x0ac\\x85 é 🙂");
});
