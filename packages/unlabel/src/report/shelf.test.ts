import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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

describe("an earlier run beside runs", () => {
  const earlier = (name: string, own: object) =>
    shelf(
      `seven/${name}`,
      "earlier run a",
      { top1: 0.54 },
      { run: { method: "byol", step: 1234, began: null, ...own } },
    );

  it("trained on these images as well is set beside them, not told as what training brought", async () => {
    const dirs = [await run("seven/simclr-0", { top1: 0.58 }), await earlier("beside-a", { same_images: true })];
    const { answer, findings, runs } = await reportData(dirs);
    expect(plain(answer[1]!)).toMatch(
      /^SimCLR is 4\.0 points above earlier run a, which was trained on these images too \(54\.0 %; 95 % interval \+1\.\d to \+6\.\d\)\.$/,
    );
    expect(plain(findings.join())).toMatch(/earlier run a .* its own untrained encoder/);
    expect(runs[1]!.shelf).toMatchObject({ run: { method: "byol", step: 1234 } });
  });

  it("trained on others is what training on these is told over, and what it began with by its name", async () => {
    const own = { same_images: false, began: "hub:facebook/dinov2-small@0123 (DINOv2's backbone)" };
    const dirs = [await run("seven/simclr-1", { top1: 0.58 }), await earlier("beside-b", own)];
    const { answer, findings } = await reportData(dirs);
    expect(plain(answer[1]!)).toMatch(/^Training on these images brought SimCLR \+4\.0 points over earlier run a \(/);
    expect(plain(findings.join())).toContain("dinov2-small as it comes, with which it began");
  });
});

const CHROMIUM = "/usr/bin/chromium";
const present = existsSync(CHROMIUM);
if (!present) {
  const message = `Expected Chromium at ${CHROMIUM} for the page tests; "apt-get install chromium" brings it`;
  if (process.env.CI) throw new Error(message);
  console.warn(`Skipped: ${message}`);
}

describe.runIf(present)("the table of weights from elsewhere", () => {
  const HOSTILE = `"'><img src=x onerror="document.title='run'"></td></table><script>document.title='run'</script>`;
  const encoder =
    "vit_small, patch 14, 518 px, 3 channels: 12 blocks, 384 wide, 6 heads; class token, 4 registers, layer scale, 37 × 37 positions";
  let browser: Browser;
  let url: string;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
    const hub = `hub:facebook/dinov2-with-registers-small@${"0123456789".repeat(4)}`;
    const init = { source: hub, producer: "transformers' dinov2", encoder, licence: "apache-2.0" };
    const dirs = [
      await run("eight/simclr-0", { top1: 0.58, run: { init } }),
      await shelf("eight/beside-dinov2", "dinov2-with-registers-small as it comes", {}, { path: hub, encoder }),
      await shelf(
        "eight/beside-long",
        "weights as it comes",
        {},
        { path: `/${"a_folder_without_a_space/".repeat(8)}x.pth`, encoder, licence: null },
      ),
      await shelf(
        "eight/beside-hostile",
        HOSTILE.slice(0, 60),
        {},
        { path: HOSTILE, encoder: HOSTILE, licence: HOSTILE },
      ),
      await shelf(
        "eight/beside-run",
        "earlier run a",
        {},
        { encoder, run: { method: "simclr", step: 12345, began: null, same_images: true } },
      ),
    ];
    url = pathToFileURL((await writeReport(dirs, join(folder.path, "eight.html"))).path).href;
  });
  afterAll(() => browser?.close());

  const views = [1280, 390].flatMap((width) =>
    (["light", "dark"] as const).map((colorScheme) => ({ width, colorScheme })),
  );
  it.each(views)("reads well at $width px in $colorScheme", async ({ width, colorScheme }) => {
    const page = await browser.newPage({ viewport: { width, height: 844 }, colorScheme });
    const said: string[] = [];
    page.on("console", (message) => said.push(message.text()));
    page.on("pageerror", (error) => said.push(error.message));
    await page.goto(url);
    const region = page.getByRole("region", { name: "Weights from elsewhere" });
    await region.focus();
    if (process.env.UNLABEL_SHOTS) {
      await region.screenshot({ path: join(process.env.UNLABEL_SHOTS, `elsewhere-${width}-${colorScheme}.png`) });
    }
    const found = (await page.evaluate(
      `(${TABLE})(document.querySelector('[aria-label="Weights from elsewhere"]'))`,
    )) as { tallest: number; contrast: number };
    expect(said).toEqual([]);
    expect(found).toMatchObject({ wide: 0, injected: 0, rows: 5, cells: 25, cut: 0, focused: true });
    // A source that is broken at every few letters, over many lines, is read by nobody.
    expect(found.tallest).toBeLessThan(200);
    expect(found.contrast).toBeGreaterThan(4.5);
    await page.close();
  });
});

/** Run in the page on the table's region. */
const TABLE = `(region) => {
  const cells = [...region.querySelectorAll("tbody th, tbody td")];
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = light(getComputedStyle(document.body).backgroundColor);
  const ratios = [...region.querySelectorAll("th, td, code")].map((cell) => {
    const ink = light(getComputedStyle(cell).color);
    return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
  });
  return {
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    injected: document.querySelectorAll("img:not([src^='data:']), script:not(:last-child)").length,
    rows: region.querySelectorAll("tbody tr").length,
    cells: cells.length,
    cut: cells.filter((cell) => cell.scrollWidth > cell.clientWidth + 1).length,
    tallest: Math.max(...[...region.querySelectorAll("tbody tr")].map((row) => row.getBoundingClientRect().height)),
    contrast: Math.min(...ratios),
    focused: document.activeElement === region,
  };
}`;
