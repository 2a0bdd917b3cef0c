// The closing line counts what vitest ran: failures of files and hooks too, and what was skipped and why.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runTests, summary } from "./run-tests.mjs";

it("counts tests, broken files and hooks, and names what was skipped", () => {
  const root = mkdtempSync(join(tmpdir(), "unlabel-tally-"));
  try {
    mkdirSync(join(root, "t"));
    const write = (name: string, text: string) => writeFileSync(join(root, "t", `${name}.test.js`), text);
    write(
      "a",
      'it("passes", () => {}); it("fails", () => expect(1).toBe(2)); it("waits", ({ skip }) => skip("no camera"));',
    );
    write("b", 'throw new Error("cannot be loaded");');
    write("c", 'describe("d", () => { beforeAll(() => { throw new Error("hook"); }); it("never runs", () => {}); });');
    const tally = runTests(["--root", root, "--globals"], {}, "ignore");
    expect(tally.passed).toBe(1);
    expect(tally.failed).toBe(3);
    expect(tally.skipped).toContainEqual({ name: "t/a.test.js: waits", why: "no camera" });
    expect(runTests(["--root", root, "--globals", "t/none"], {}, "ignore")).toEqual({
      passed: 0,
      failed: 1,
      skipped: [],
    });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

it("ends with one line", () => {
  expect(summary({ passed: 3, failed: 1, skipped: [] })).toBe("3 passed, 1 failed");
  const skipped = [{ name: "a", why: "no GPU" }];
  expect(summary({ passed: 3, failed: 0, skipped })).toBe("skipped: a (no GPU)\n3 passed, 0 failed, 1 skipped");
});
