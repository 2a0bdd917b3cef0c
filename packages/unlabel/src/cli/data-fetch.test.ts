// The real program, as a shell runs it: needs the built dist/, as `npm test` makes it.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

const BIN = join(import.meta.dirname, "..", "..", "bin", "unlabel.mjs");

it.each([
  [["imagenete"], "did you mean imagenette?"],
  [["cifar10", "--url", "cifar.tgz"], "Expected an http or https address for --url, got cifar.tgz"],
])("data fetch %j is a mistake in the command", (args, words) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, "data", "fetch", ...args], { encoding: "utf8" });
  expect([status, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/^error: .*\n$/);
  expect(stderr).toContain(words);
});
