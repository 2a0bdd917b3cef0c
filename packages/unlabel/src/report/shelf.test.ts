import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { INDICATORS } from "../run/indicators.ts";
import { temporaryFolder } from "../testing/data.ts";
import { type RunOptions, TEN_CLASSES, writeRun } from "../testing/run-fixture.ts";
import { reportData } from "./data.ts";
import { writeReport } from "./report.ts";

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
const plain = (text: string) => text.replaceAll("\u00a0", " ");

/** The folder of an encoder off the shelf: a run's without its run. */
async function shelf(name: string, title: string, options: RunOptions = {}, source: object = {}): Promise<string> {
  const run = await writeRun(join(folder.path, `${name}.run`), { steps: 20, pictures: 0, ...options });
  const dir = join(folder.path, name);
  mkdirSync(dir, { recursive: true });
  try {
    renameSync(join(run, "eval"), join(dir, "eval"));
  } catch {
    mkdirSync(join(dir, "eval"), { recursive: true });
  }
  rmSync(run, { recursive: true });
  const { data } = JSON.parse(JSON.stringify({ data: DATA }));
  const from = {
    path: `/weights/${name}.pth`,
    producer: null,
    encoder: "vit_small, patch 14",
    licence: "apache-2.0",
    ...source,
  };
  const input = { channels: 3, bands: null, range: null, tiles: null };
  const file = { schema: 1, name: title, source: from, encoder: "vit_small", size: 224, input, data };
  writeFileSync(join(dir, "encoder.json"), JSON.stringify(file));
  return dir;
}
const DATA = {
  ...{ root: "data/imagenette", layout: "imagenet-100", fingerprint: "9b1d2c3e4f506172", train: 9469, val: 3925 },
  classes: TEN_CLASSES.map((name, i) => ({ id: `n${String(i).padStart(8, "0")}`, name })),
};
const run = (name: string, options: RunOptions = {}) =>
  writeRun(join(folder.path, name), { steps: 20, pictures: 0, ...options });

describe("an encoder off the shelf beside runs", () => {
  it("is the rival that gains are told over, in every table, and nothing that was trained", async () => {
    const dirs = [
      await run("one/simclr-0", { top1: 0.58, knn: 0.5 }),
      await run("one/mae-0", { method: "mae", top1: 0.5, knn: 0.4 }),
      await shelf("one/beside-dinov2", "dinov2-small as it comes", { top1: 0.54, knn: 0.45 }),
    ];
    const { data, path } = await writeReport(dirs, join(folder.path, "one.html"));
    const [which, gained, cost, ...more] = data.answer.map(plain);
    expect(which).toMatch(/^SimCLR suits these images best so far: .* above dinov2-small as it comes/);
    expect(gained).toMatch(
      /^Training on these images brought SimCLR \+4\.0 points over dinov2-small as it comes \(54\.0 %; 95 % interval \+1\.\d to \+6\.\d\)\.$/,
    );
    expect(cost).toBe("SimCLR took 12.1 s for 20 steps and MAE took 7.66 s for 20 steps on CPU (2 threads).");
    expect(more).toEqual([]);
    expect(data.findings.map(plain).join(" ")).toContain("over the same encoder with random weights");
    expect(plain(data.caveats.join(" "))).not.toMatch(/ViT-Small|dinov2-small/);
    expect(data.runs[2]).toMatchObject({ shelf: { licence: "apache-2.0" }, warnings: [], own_curves: [] });
    const page = readFileSync(path, "utf8");
    for (const words of ["Weights from elsewhere", "/weights/one/beside-dinov2.pth"])
      expect(page.includes(words)).toBe(true);
    expect(/recorded no step|No step was recorded/.test(page)).toBe(false);
  });

  it("is said to be better where it is", async () => {
    const better = await reportData([
      await run("two/simclr-0", { top1: 0.5 }),
      await shelf("two/beside-x", "x as it comes", { top1: 0.8 }),
    ]);
    expect(plain(better.answer[0]!)).toMatch(/^x as it comes suits these images best so far: 80\.0 %/);
    expect(plain(better.answer[1]!)).toMatch(
      /^Training on these images left SimCLR 30\.0 points below x as it comes \(80\.0 %/,
    );
    const alike = await reportData([
      await run("three/simclr-0", { top1: 0.5 }),
      await shelf("three/beside-x", "x as it comes", { top1: 0.505 }),
    ]);
    expect(plain(alike.answer[1]!)).toMatch(/is not shown to bring SimCLR anything over x as it comes: −0\.5 points/);
  });

  it("without labels, where indicators do not overlap", async () => {
    const told = (value: number) =>
      Object.fromEntries(INDICATORS.map(({ name }) => [name, { value, interval: [value - 0.05, value + 0.05] }]));
    const found = (trained: object) =>
      JSON.stringify({
        ...{
          protocol: "indicators",
          split: "held out",
          seed: 0,
          step: 20,
          train_images: 0,
          val_images: 22,
          classes: [],
        },
        ...{ fingerprint: "9b1d2c3e4f506172", notes: [], seconds: 1, settings: { viewed: 22, seed: 0 }, chance: {} },
        ...{ trained, untrained: told(0.5), pixels: told(0.3), neighbours: { k: 1, images: "same", indices: "" } },
      });
    const data = { ...DATA, classes: [] };
    const dirs = [
      await run("four/simclr-0", { top1: null, classes: [], run: { data } }),
      await shelf("four/beside-x", "x as it comes", { top1: null, classes: [] }),
    ];
    const values = [
      { ...told(0.5), rotation: told(0.9).rotation },
      { ...told(0.5), place: told(0.9).place },
    ];
    for (const [i, dir] of dirs.entries()) {
      mkdirSync(join(dir, "eval"), { recursive: true });
      writeFileSync(join(dir, "eval", "indicators.json"), found(values[i]!));
    }
    const { answer, without_labels: unlabelled } = await reportData(dirs);
    expect(plain(answer.join(" "))).toMatch(/Beside x as it comes, SimCLR is better by [^.]+ but worse by [^.]+\./);
    expect(plain(answer.join(" "))).not.toMatch(/x as it comes took/);
    expect(unlabelled!.settle!.label).toContain("/weights/four/beside-x.pth");
    expect(unlabelled!.settle!.report).toContain(dirs[1]);
  });

  it("is what a run began with, by its name", async () => {
    const init = {
      source: "hub:facebook/dinov2-small@0123456789012345678901234567890123456789",
      encoder: "vit_small",
      licence: "apache-2.0",
    };
    const dir = await run("five/simclr-0", { top1: 0.6, run: { init } });
    const { answer, findings, runs } = await reportData([dir]);
    expect(plain(answer[1]!)).toMatch(
      /^Training on these images brought SimCLR \+19\.3 points over dinov2-small as it comes/,
    );
    expect(findings.map(plain).join()).toContain("over dinov2-small as it comes, with which it began");
    expect(runs[0]!.init).toMatchObject({ licence: "apache-2.0" });
  });
});

it("a damaged encoder.json is told in one line", async () => {
  const dir = await shelf("six", "x as it comes");
  writeFileSync(join(dir, "encoder.json"), '{"schema":1}');
  await expect(reportData([dir])).rejects.toThrow(
    /Expected a run directory's format in .*encoder\.json, got something else/,
  );
});
