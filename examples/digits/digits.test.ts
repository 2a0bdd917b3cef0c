import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { accuracy } from "./train.ts";

const text = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");

it("learns the digits", () => {
  expect(accuracy).toBeGreaterThan(0.95);
});

it("is the listing in the engine's README", () => {
  expect(text("../../packages/torch/README.md")).toContain(`\`\`\`ts\n${text("train.ts")}\`\`\``);
});
