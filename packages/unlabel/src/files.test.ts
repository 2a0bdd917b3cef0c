import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UserError } from "./errors.ts";
import { makeFolder, writeAtomically } from "./files.ts";
import { temporaryFolder } from "./testing/data.ts";

describe("makeFolder", () => {
  it("makes what is missing, and minds nothing that is there", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "a", "b", "c");
    makeFolder(path);
    makeFolder(path);
    expect(existsSync(path)).toBe(true);
  });

  it("says where it cannot, rather than trying for ever", () => {
    using folder = temporaryFolder();
    writeFileSync(join(folder.path, "file"), "");
    for (const place of [join(folder.path, "file", "run"), "/proc/unlabel/run"]) {
      expect(() => makeFolder(place)).toThrow(UserError);
      expect(() => makeFolder(place)).toThrow(/Expected a place where a folder can be made, got \/.* \(E[A-Z]+\)/);
    }
  });
});

it("replaces a file as a whole, and leaves nothing beside it", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "run.json");
  writeAtomically(path, "1");
  writeAtomically(path, "2");
  expect(readFileSync(path, "utf8")).toBe("2");
  expect(existsSync(`${path}.tmp`)).toBe(false);
});
