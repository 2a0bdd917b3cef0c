import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { temporaryFolder } from "../testing/data.ts";
import { codeDigest } from "./code-digest.ts";

const folder = temporaryFolder();

it("changes with a module's text, its name, and nothing else", () => {
  mkdirSync(join(folder.path, "base"));
  const write = (name: string, text: string) => writeFileSync(join(folder.path, name), text);
  write("base/one.js", "1");
  const before = codeDigest(folder.path);
  write("base/one.d.ts", "type");
  write("base/one.test.ts", "test");
  write("base/one.js.map", "map");
  expect(codeDigest(folder.path)).toBe(before);
  write("base/one.js", "2");
  const after = codeDigest(folder.path);
  expect(after).not.toBe(before);
  write("two.js", "2");
  expect(codeDigest(folder.path)).not.toBe(after);
  expect(codeDigest()).toMatch(/^[0-9a-f]{12}$/);
});
