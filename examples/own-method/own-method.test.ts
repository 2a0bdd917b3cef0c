// The method in rotation.mjs through the whole program, as its users call it; needs the built dist/, as `npm test` makes it.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";

const BIN = join(import.meta.dirname, "..", "..", "packages", "unlabel", "bin", "unlabel.mjs");
const PLUGIN = ["--plugin", join(import.meta.dirname, "rotation.mjs")];
const folder = mkdtempSync(join(tmpdir(), "unlabel-own-method-"));
const TINY = ["size=32", "eval_size=32", "batch=8", "warmup_epochs=0", "health_every=0", "online=false"];
const settings = TINY.flatMap((setting) => ["--set", setting]);

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
  /** The last line of stdout, with `--json`. */
  result: Record<string, unknown>;
}

function unlabel(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [BIN, ...args], { cwd: folder }, (error, stdout, stderr) => {
      const last = args.includes("--json") ? JSON.parse(stdout.trim().split("\n").at(-1) ?? "") : {};
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr, result: last });
    });
  });
}

const MINUTES = 60_000 * 3;

beforeAll(async () => {
  for (let i = 0; i < 24; i++) {
    const [split, kind] = [i % 3 === 2 ? "val" : "train", i % 2];
    const path = join(folder, "photos", split, ["stripes", "rings"][kind]!, `${i}.png`);
    await mkdir(dirname(path), { recursive: true });
    const pixels = Uint8Array.from({ length: 40 * 40 * 3 }, (_, at) => {
      const [x, y] = [Math.floor(at / 3) % 40, Math.floor(at / 120)];
      return 127 + 120 * Math.sin(kind === 0 ? x / 3 + i : Math.hypot(x - 20, y - 20) / 2 + i);
    });
    await sharp(pixels, { raw: { width: 40, height: 40, channels: 3 } })
      .png()
      .toFile(path);
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("is named and described by help, once it is loaded", async () => {
  const { stdout } = await unlabel("pretrain", "--help", ...PLUGIN);
  expect(stdout).toContain("rotation");
  expect((await unlabel("pretrain", "--help")).stdout).not.toContain("rotation");
});

it(
  "trains, resumes, is evaluated, compared and reported as any other",
  async () => {
    const begun = await unlabel(
      ...["pretrain", "photos", ...PLUGIN, "--method", "rotation", "--out", "runs/a", "--epochs", "1", "--json"],
      ...settings,
    );
    expect([begun.code, begun.stderr]).toEqual([0, expect.stringContaining("1.3863 is chance")]);
    const resume = ["pretrain", "--resume", "--out", "runs/a", "--epochs", "2", "--json"];
    const without = await unlabel(...resume);
    expect(without.code).toBe(1);
    expect(without.stderr).toMatch(/rotation.*--plugin/s);
    expect((await unlabel(...resume, ...PLUGIN)).code).toBe(0);
    const info = JSON.parse(readFileSync(join(folder, "runs", "a", "run.json"), "utf8"));
    expect(info).toMatchObject({ status: "done", method: "rotation", result: { steps: 4, epochs: 2 } });
    expect(JSON.stringify(info.config)).not.toContain("rotation.mjs");

    const evaluated = await unlabel("evaluate", "runs/a", ...PLUGIN, "--protocols", "knn", "--no-pixels", "--json");
    expect([evaluated.code, JSON.stringify(evaluated.result)]).toEqual([0, expect.stringContaining("top1")]);

    const reported = await unlabel("report", "runs/a", ...PLUGIN, "-o", "report.html", "--json");
    expect(reported.code).toBe(0);
    const page = readFileSync(join(folder, "report.html"), "utf8");
    for (const words of ["RotNet", "Turns told right", "cross-entropy over four turns"]) expect(page).toContain(words);

    const compared = await unlabel(
      ...["compare", "photos", ...PLUGIN, "--methods", "rotation,simclr", "--epochs", "1", "-o", "c.html", "--json"],
      ...settings,
    );
    expect([compared.code, compared.stderr]).toEqual([0, expect.any(String)]);
    expect(readFileSync(join(folder, "c.html"), "utf8")).toContain("RotNet");
  },
  MINUTES,
);

it(
  "has its cost forecast",
  async () => {
    const { code, stdout } = await unlabel("data", "check", "photos", ...PLUGIN, "--presets", "small");
    expect([code, stdout]).toEqual([0, expect.stringMatching(/rotation/i)]);
  },
  MINUTES,
);
