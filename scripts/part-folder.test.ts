import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { partOf, placed } from "./part-folder.ts";

const root = mkdtempSync(join(tmpdir(), "unlabel-part-"));
afterAll(() => rmSync(root, { recursive: true }));
const folder = join(root, "peers-3.11");

it("has the first to be done stay, and removes what gone processes have left", () => {
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  for (const name of [`peers-3.11.${pid}.part`, "peers-3.11.1.part", "peers-3.9.999999.part"])
    mkdirSync(join(root, name));
  const part = partOf(folder);
  expect(readdirSync(root).toSorted()).toEqual(["peers-3.11.1.part", "peers-3.9.999999.part"]);
  mkdirSync(part);
  writeFileSync(join(part, "a"), "first");
  expect(placed(part, folder)).toBe(folder);
  mkdirSync(part);
  writeFileSync(join(part, "a"), "second");
  expect(placed(part, folder)).toBe(folder);
  expect([readFileSync(join(folder, "a"), "utf8"), existsSync(part)]).toEqual(["first", false]);
  expect(() => placed(join(root, "nothing"), join(root, "nowhere"))).toThrow("ENOENT");
});
