// The real program, as a shell runs it: needs the built dist/, as `npm test` makes it.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { CheckResult } from "../check/result.ts";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { costs } from "./data-check.ts";

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

  it("takes the page's name as compare does, and reads images as it is told", async () => {
    using folder = temporaryFolder();
    await writeImages(folder.path, ["a.png", "b.png"], 128, 64);
    const page = join(folder.path, "check.html");
    const { status, stdout, stderr } = check(
      ...[folder.path, "--no-forecast", "--json", "-o", page],
      ...["--set", "tiles=64", "--set", "channels=1", "--set", "range=0,200"],
    );
    expect(status).toBe(0);
    expect(stderr.split("\n").slice(0, 2)).toEqual([
      "4 images, no classes",
      "2 images are cut into 4 tiles of 64 × 64 pixels",
    ]);
    expect(stderr).toMatch(/^100% 4\/4 .*\ncomparing likely copies\nlooking at values\n$/m);
    expect(JSON.parse(stdout.trimEnd().split("\n").at(-1)!)).toMatchObject({
      html: page,
      input: { channels: 1, bands: null, range: [[0, 200]], tiles: 64 },
      images: { train: 4 },
      values: [{ class: null, bands: [{ band: 1 }] }],
    });
    expect(readFileSync(page, "utf8")).toContain("a.png#64,0");
    // Five columns of numbers, for people too.
    expect(check(folder.path, "--no-forecast", "--set", "range=0,200").stdout).toMatch(
      /^values +lowest +0\.1 % +median +99\.9 % +highest +become 0 … 1\nband 1( +[\d.]+){5} +0 … 200\n/m,
    );
    const twice = check(folder.path, "-o", page, "--html", page);
    expect([twice.status, twice.stderr]).toEqual([
      2,
      `error: Expected one page, got -o ${page} and --html ${page}; leave one out\n`,
    ]);
    const other = check(folder.path, "--set", "lr=1");
    expect([other.status, other.stderr]).toEqual([
      2,
      "error: Expected channels, bands, range or tiles for --set, which say how images are read, got lr\n",
    ]);
  });

  it("tells a forecast within 80 columns: settings and problems stand below their numbers", () => {
    const one = {
      ...{ method: "simclr", preset: "paper", encoder: "resnet50", size: 224, batch: 256, epochs: 100 },
      ...{ steps_per_epoch: 36, step_s: 118.2, epoch_s: 4255, total_s: 425_520, memory_mb: 12_800, problem: null },
    };
    const lost = { ...one, method: "mae", step_s: null, epoch_s: null, total_s: null, memory_mb: null };
    const problem = `it ended with SIGTERM ${"and said a great many words of it ".repeat(4)}`.trim();
    const presets = [one, { ...lost, problem }];
    const told = costs({ presets, choice: null, how: "Measured.", device: "cpu", threads: 2, memory_total_mb: 24_000 })
      .join("\n")
      .split("\n");
    expect(Math.max(...told.map(({ length }) => length))).toBeLessThanOrEqual(80);
    expect(told[3]).toMatch(/^simclr paper .* 5 days +12\.8 GB$/);
    expect(told[4]).toBe("  resnet50, 224 px, batch 256, 100 epochs");
    expect(told.slice(6).join(" ").replaceAll("  ", "")).toContain("it ended with SIGTERM and said a great");
  });

  it("measures presets, each in a process of its own", async () => {
    using folder = temporaryFolder();
    await writeImages(folder.path, ["a.jpg", "b.jpg"], 40);
    const { status, stdout, stderr } = check(folder.path, "--json", "--presets", "small");
    expect(status).toBe(0);
    expect(stderr).toContain("measuring mae small (3 of 3)");
    const { forecast } = JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as CheckResult;
    expect(forecast).toMatchObject({
      presets: [{ method: "simclr" }, { method: "byol" }, { method: "mae" }],
      choice: null,
    });
    for (const { method, step_s, memory_mb, problem } of forecast!.presets) {
      expect(step_s).toBeGreaterThan(0);
      expect(problem).toBe(`2 images do not fill its batch of ${method === "mae" ? 32 : 64}`);
      if (forecast!.device === "cpu") expect(memory_mb).toBeGreaterThan(100);
    }
  });

  it("measures the methods asked for, and knows them", async () => {
    using folder = temporaryFolder();
    await writeImages(folder.path, ["a.jpg", "b.jpg"], 40);
    const { stdout } = check(folder.path, "--json", "--presets", "small", "--methods", "simsiam");
    const { forecast } = JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as CheckResult;
    expect(forecast!.presets.map(({ method, preset }) => [method, preset])).toEqual([["simsiam", "small"]]);
    const { status, stderr } = check("D", "--methods", "simsiam,vicrag");
    expect(status).toBe(2);
    expect(stderr).toMatch(/^error: Expected simclr, .* for --methods, got vicrag \(did you mean vicreg\?\)\n$/);
  });

  it("knows its presets", () => {
    const { status, stderr } = check("D", "--presets", "small,large");
    expect([status, stderr]).toEqual([2, "error: Expected auto, report, paper, small for --presets, got large\n"]);
  });

  it("never cuts a path: a pair that is too long goes on two lines", async () => {
    using folder = temporaryFolder();
    const [train, val] = ["train", "val"].map((split) => `${split}/ants/${"long".repeat(20)}.png`);
    await writeImages(folder.path, [train!, "train/bees/b.png", "val/bees/c.png"], 40);
    mkdirSync(join(folder.path, "val", "ants"));
    cpSync(join(folder.path, train!), join(folder.path, val!));
    expect(check(folder.path, "--no-forecast").stdout).toContain(`\n  ${val}\n  = ${train} (the same bytes)\n`);
  });

  it("ends at Ctrl-C in one line and one JSON object, with exit code 130", async () => {
    using folder = temporaryFolder();
    await writeImages(folder.path, ["a.jpg", "b.jpg"], 40);
    const child = spawn(process.execPath, [BIN, "data", "check", folder.path, "--json"]);
    const said = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const)
      child[name].on("data", (chunk) => {
        said[name] += chunk;
        if (!child.killed && said.stderr.includes("measuring ")) child.kill("SIGINT");
      });
    const [code] = await once(child, "close");
    expect(code).toBe(130);
    expect(JSON.parse(said.stdout)).toEqual({ interrupted: true, data: folder.path });
    expect(said.stderr).toMatch(/\(1 of 8\)\n(measuring .*\n)*Interrupted; the same command begins again\n$/);
  });

  it("destroys nothing of the user's for its page", async () => {
    using folder = temporaryFolder();
    await leaky(folder.path);
    const photo = join(folder.path, "train/cats/3.png");
    const before = readFileSync(photo);
    const { status, stderr } = check(folder.path, "--no-forecast", "--html", photo);
    expect([status, stderr]).toEqual([
      2,
      `error: Expected a file that ends in .html or .htm for --html, got ${photo}; name another\n`,
    ]);
    expect(readFileSync(photo)).toEqual(before);
  });

  it("says what to give instead of what cannot be meant", async () => {
    using folder = temporaryFolder();
    await writeImages(folder.path, ["a.jpg", "b.jpg"], 40);
    const at = (name: string) => join(folder.path, name);
    writeFileSync(at("data.tar.gz"), "packed");
    const cases: [string[], number, string][] = [
      [[at("*.jpg")], 1, "* and ? are not filled in"],
      [[`${at("a.jpg")} ${at("b.jpg")}`], 1, "it names several places"],
      [[at("a.jpg"), at("b.jpg")], 2, "Expected one DATA, got 2"],
      [[at("data.tar.gz")], 1, "unpack it and give the folder that comes of it"],
      [[folder.path, "--batch", "4"], 2, "unknown option '--batch'\n"],
    ];
    for (const [args, code, words] of cases) {
      const { status, stderr } = check(...args);
      expect(stderr).toMatch(/^error: .*\n$/);
      expect(stderr).toContain(words);
      expect(status).toBe(code);
    }
  });

  it("fails in one line where there is nothing", () => {
    const { status, stdout, stderr } = check("/no/such/folder");
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^error: Expected .*\/no\/such\/folder.*\n$/);
  });
});
