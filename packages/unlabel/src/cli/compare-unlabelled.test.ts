// `unlabel compare` as people call it on images without labels: it trains, looks at every run by indicators, prints, and reports.
// Needs the built dist/.
import { execFile } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Comparison } from "../compare/plan.ts";
import type { RunInfo } from "../run/directory.ts";
import type { EvaluationPictures, IndicatorsEvaluation } from "../run/evaluations.ts";
import { INDICATORS } from "../run/indicators.ts";
import { temporaryFolder, writeImages } from "../testing/data.ts";

const BIN = join(import.meta.dirname, "..", "..", "bin", "unlabel.mjs");
const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
const at = (...names: string[]) => join(folder.path, ...names);
const numbered = (count: number) => Array.from({ length: count }, (_, i) => `${i}.png`);
const read = <T>(...names: string[]) => JSON.parse(readFileSync(at(...names), "utf8")) as T;

const SET = ["size=32", "batch=8", "device=cpu", "precision=fp32", "threads=1", "health_every=5"];
const compare = (data: string, ...more: string[]) => [
  ...["compare", data, "--methods", "simclr,mae", "--epochs", "1", "--backbone", "vit_tiny"],
  ...SET.flatMap((one) => ["--set", one]),
  ...more,
];

function unlabel(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [BIN, ...args], { cwd: folder.path }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
    );
  });
}

beforeAll(async () => {
  await writeImages(at("photos"), numbered(110), 40);
  await writeImages(at("few"), numbered(40), 40);
});

describe("photographs without labels", () => {
  it("are compared by indicators, with one hold-out for all runs", { timeout: 300_000 }, async () => {
    const { code, stdout, stderr } = await unlabel(...compare("photos", "-o", "n.html", "--json"));
    expect(stderr).not.toMatch(/^error/m);
    expect(code).toBe(0);
    expect(stderr).toContain("held out from training, by name: 22 images (20 %)");
    expect(stderr).toContain("no labels: runs are looked at by indicators, which are no scores");
    const { data, runs, headline } = JSON.parse(stdout.trim().split("\n").at(-1)!);
    expect(runs.map(({ name, status }: { name: string; status: string }) => [name, status])).toEqual([
      ["simclr-0", "done"],
      ["mae-0", "done"],
    ]);
    expect(headline).toMatch(/^Without labels/);
    expect(data.answer.join(" ")).toContain("On three labelled data sets");
    expect(data.without_labels.settle.label).toMatch(/ label \S+photos --runs n\/simclr-0 n\/mae-0 -o n\/labels\.csv$/);
    const { held_out } = read<Comparison>("n", "compare.json");
    expect(held_out).toMatchObject({ images: 22 });
    for (const name of ["simclr-0", "mae-0"]) {
      const info = read<RunInfo>("n", name, "run.json");
      // 88 images in batches of 8.
      expect([info.data.train, info.data.held_out, info.result!.steps]).toEqual([88, held_out, 11]);
      const found = read<IndicatorsEvaluation>("n", name, "eval", "indicators.json");
      expect([found.split, found.val_images, found.settings.seed]).toEqual(["held out", 22, 0]);
      const drawn = read<EvaluationPictures>("n", name, "eval", "pictures.json");
      expect([drawn.classes, drawn.predicted_by, drawn.map.points.length]).toEqual([[], null, 22]);
      expect(drawn.neighbours).toHaveLength(12);
      for (const { tile, found: near } of drawn.neighbours) {
        expect(near).toHaveLength(8);
        // None is its own neighbour.
        expect(near.map((one) => one.tile)).not.toContain(tile);
      }
    }
    const names = ["simclr-0", "mae-0"].map((name) =>
      read<EvaluationPictures>("n", name, "eval", "pictures.json").neighbours.map((one) => one.name),
    );
    expect(names[0]).toEqual(names[1]);

    const { document } = parseHTML(readFileSync(at("n.html"), "utf8"));
    const ids = [...document.querySelectorAll("main section")].map(({ id }) => id);
    for (const id of ["answer", "health", "indicators", "map", "neighbours", "pictures", "cost"])
      expect(ids).toContain(id);
    expect(ids).not.toContain("scores");
    expect(document.querySelectorAll("#neighbours .asked")).toHaveLength(12);
    expect(document.querySelectorAll("#neighbours .by-run > div")).toHaveLength(24);
    expect(document.querySelectorAll("#indicators figure")).toHaveLength(4);
    expect(document.querySelectorAll("#map .own path")).toHaveLength(44);
    expect(document.querySelector("#answer")!.textContent).not.toContain("linear probe");
  });

  it("are not trained on again by the same command, whose table fits 80 columns", { timeout: 300_000 }, async () => {
    rmSync(at("n", "mae-0", "eval"), { recursive: true });
    const { code, stdout, stderr } = await unlabel(...compare("photos", "-o", "n.html"));
    expect(code).toBe(0);
    expect(stderr).not.toContain("starting loss");
    expect(stderr.match(/indicators without labels on 22 images/g)).toHaveLength(1);
    const lines = stdout.split("\n");
    const start = lines.findIndex((line) => line.startsWith("trained (initial)"));
    expect(lines[start]).toMatch(/^trained \(initial\) +simclr-0 +mae-0 +raw pixels$/);
    const rows = lines.slice(start, start + 1 + INDICATORS.length);
    expect(rows.at(-1)).toMatch(/^clusters, seeds ↑ /);
    expect(Math.max(...rows.map(({ length }) => length))).toBeLessThanOrEqual(80);
    expect(
      lines.some((line) => / report n\/simclr-0 n\/mae-0 --labels n\/labels.csv -o n\/labelled.html$/.test(line)),
    ).toBe(true);
  });

  it("of fewer than are held out are looked at as training saw them, which is said", { timeout: 300_000 }, async () => {
    const { code, stdout, stderr } = await unlabel(...compare("few", "--out", "few-runs"));
    expect(code).toBe(0);
    expect(stderr).toContain(
      "of fewer than 100 images none is held out, so indicators look at images that training saw",
    );
    expect(stdout).toContain("On 40\u00a0images that training may have seen");
    expect(read<Comparison>("few-runs", "compare.json").held_out).toBeNull();
    expect(read<RunInfo>("few-runs", "mae-0", "run.json").data).toMatchObject({ train: 40 });
  });
});
