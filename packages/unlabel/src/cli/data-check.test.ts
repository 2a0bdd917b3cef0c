// The real program, as a shell runs it: needs the built dist/, as `npm test` makes it.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { CheckResult } from "../data/check/check.ts";
import { temporaryFolder, writeImages } from "../testing/data.ts";

const BIN = join(import.meta.dirname, "..", "..", "bin", "unlabel.mjs");

function check(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, "data", "check", ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

/** Two classes, with a training image in val again. */
async function leaky(root: string): Promise<void> {
  const paths = ["cats", "dogs"].flatMap((name) => Array.from({ length: 12 }, (_, i) => `train/${name}/${i}.png`));
  await writeImages(root, [...paths, "val/cats/a.png", "val/dogs/b.png"], 48);
  mkdirSync(join(root, "val", "cats"), { recursive: true });
  cpSync(join(root, "train/cats/3.png"), join(root, "val/cats/again.png"));
}

describe("unlabel data check", () => {
  it("says what it found in 80 columns, plain when piped, and exits 1 only when strict", async () => {
    using folder = temporaryFolder();
    await leaky(folder.path);
    const { status, stdout, stderr } = check(folder.path, "--no-forecast");
    expect(status).toBe(0);
    expect(stdout).toMatch(/✗ \d+ of 3 val images (is|are) in train, too/);
    expect(stdout).toContain("val/cats/again.png = train/cats/3.png (the same bytes)");
    expect(stdout).not.toContain("\u001b");
    expect(stderr).toMatch(/^100% 27\/27 /m);
    // The first line holds the path as it was given.
    for (const line of stdout.split("\n").slice(1)) expect(line.length).toBeLessThanOrEqual(80);
    expect(check(folder.path, "--no-forecast", "--strict").status).toBe(1);
  });

  it("prints all of it as JSON, and writes the page", async () => {
    using folder = temporaryFolder();
    await leaky(folder.path);
    const page = join(folder.path, "check.html");
    const { status, stdout } = check(folder.path, "--no-forecast", "--json", "--html", page);
    expect(status).toBe(0);
    const result = JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as CheckResult & { html: string };
    expect(result).toMatchObject({
      ok: false,
      html: page,
      images: { train: 24, val: 3, readable: 27 },
      forecast: null,
    });
    expect(result.leakage.images).toContainEqual({
      val: "val/cats/again.png",
      train: "train/cats/3.png",
      kind: "exact",
      similarity: 1,
    });
    expect(readFileSync(page, "utf8")).toContain("In train and in val");
  });

  it("measures presets, each in a process of its own", async () => {
    using folder = temporaryFolder();
    await writeImages(folder.path, ["a.jpg", "b.jpg"], 40);
    const { status, stdout, stderr } = check(folder.path, "--json", "--presets", "small");
    expect(status).toBe(0);
    expect(stderr).toContain("measuring mae small (2 of 2)");
    const { forecast } = JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as CheckResult;
    expect(forecast).toMatchObject({ presets: [{ method: "simclr" }, { method: "mae" }], choice: null });
    for (const { step_s, memory_mb, problem } of forecast!.presets) {
      expect(step_s).toBeGreaterThan(0);
      expect(problem).toBe("2 images do not fill its batch of 64");
      if (forecast!.device === "cpu") expect(memory_mb).toBeGreaterThan(100);
    }
  });

  it("knows its presets", () => {
    const { status, stderr } = check("D", "--presets", "small,large");
    expect([status, stderr]).toEqual([2, "error: Expected report, paper, small for --presets, got large\n"]);
  });

  it("fails in one line where there is nothing", () => {
    const { status, stdout, stderr } = check("/no/such/folder");
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^error: Expected .*\/no\/such\/folder.*\n$/);
  });
});
