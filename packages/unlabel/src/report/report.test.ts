import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../testing/data.ts";
import { TEN_CLASSES, writeRun } from "../testing/run-fixture.ts";
import { writeReport } from "./report.ts";

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
const at = (name: string) => join(folder.path, name);

/** A class folder, a file and a run may be called anything; this one tries to run a script and to leave its element. */
const HOSTILE = `"'><img src=x onerror="document.title='run'"></title></text></svg></script><script>document.title='run'</script>`;

async function reportOf(name: string, ...runs: Parameters<typeof writeRun>[1][]) {
  const dirs = [];
  for (const [index, options] of runs.entries())
    dirs.push(await writeRun(at(`${name}/run${index}`), { steps: 40, ...options }));
  const report = await writeReport(dirs, at(`${name}/out/report.html`));
  return { report, page: readFileSync(report.path, "utf8") };
}

describe("writeReport", () => {
  it("writes one file with a section for all that was measured", async () => {
    const { report, page } = await reportOf("two", {}, { method: "mae", top1: 0.54 });
    for (const id of [
      "answer",
      "curves",
      "scores",
      "classes",
      "confusion",
      "pictures",
      "cost",
      "settings",
      "data",
      "reproduce",
    ]) {
      expect(page).toContain(`<section id="${id}">`);
      expect(page).toContain(`href="#${id}"`);
    }
    expect(report.headline).toBe("run0 scores highest: 58.0\u00a0% linear-probe top-1, 4.0 points above run1.");
    expect(report.runs.map(({ method, top1 }) => [method, top1])).toEqual([
      ["simclr", 0.58],
      ["mae", 0.54],
    ]);
    expect(report.bytes).toBe(Buffer.byteLength(page));
    expect(page.match(/<img /g)).toHaveLength(12);
    expect(readdirSync(at("two/out"))).toEqual(["report.html"]);
    expect(page).toContain("chance 5.541");
    expect(page).toContain("floor 3.551");
    expect(page).toContain("squared error of hidden patches, each normalised");
    expect(page).toContain("shown with its true mean and deviation");
  });

  it("says what preset auto chose and why, once for runs that were told the same", async () => {
    const chosen = [
      "preset auto for 500 images of 32 px (short side, median), on a CPU",
      'batch 64: <small> "batches"',
    ];
    const seeds = [0, 1].map((seed) => ({ seed, steps: 4, run: { chosen } }));
    const { page } = await reportOf("chosen", ...seeds, { method: "mae", steps: 4 });
    expect(page.match(/What preset auto chose, and why/g)).toHaveLength(1);
    expect(page.match(/<li>batch 64: &lt;small&gt; /g)).toHaveLength(1);
    expect((await reportOf("unchosen", { steps: 4 })).page).not.toContain("What preset auto chose");
  });

  it("says which runs were scored with averaged weights", async () => {
    const dirs = [await writeRun(at("averaged/one"), { steps: 4 }), await writeRun(at("averaged/two"), { steps: 4 })];
    const file = join(dirs[1]!, "eval", "linear.json");
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), weights_average: 0.99 }));
    await writeReport(dirs, at("averaged/report.html"));
    const page = readFileSync(at("averaged/report.html"), "utf8");
    expect(page).toContain("Scored with averaged weights: of two the encoder is");
    expect(page.match(/Scored with averaged weights/g)).toHaveLength(1);
  });

  it("shows runs that were never probed, were interrupted, failed or broke, and says so", async () => {
    const { page } = await reportOf(
      "odd",
      { top1: null, run: { status: "interrupted", result: null } },
      { method: "mae", top1: null, pictures: 0, run: { status: "failed", error: "out of memory", result: null } },
      {
        method: "mae",
        top1: null,
        run: { status: "running", result: null, data: null, parameters: null, versions: null },
      },
    );
    expect(page).toContain("run0 was interrupted at step 40");
    expect(page).toContain("run1 failed at step 40: out of memory");
    expect(page).toContain("run2 is marked as running");
    expect(page).not.toContain('id="scores"');
    mkdirSync(at("bare"));
    writeFileSync(
      join(at("bare"), "run.json"),
      JSON.stringify({ schema: 1, status: "failed", method: "new", config: {} }),
    );
    await writeReport([at("bare")], at("bare.html"));
    expect(readFileSync(at("bare.html"), "utf8")).toContain("bare has recorded no step.");
  });

  it("warns of a loss below its floor and of one that is no number", async () => {
    const dir = await writeRun(at("broken"), { steps: 3 });
    const lines = [
      { step: 1, "train/loss": 0.3 },
      { step: 2, "train/loss": null },
    ].map((line) => JSON.stringify(line));
    writeFileSync(join(dir, "metrics.jsonl"), lines.join("\n"));
    const page = readFileSync((await writeReport([dir], at("broken.html"))).path, "utf8");
    expect(page).toContain("went below its floor of 3.551, to 0.3");
    expect(page).toContain("was not a number from step 2 on");
  });

  it("says where looks took in unlike numbers of images: ranks of more are higher", async () => {
    const dir = await writeRun(at("looks"), { steps: 3 });
    const write = (...images: number[]) =>
      writeFileSync(
        join(dir, "metrics.jsonl"),
        images
          .map((of, step) => JSON.stringify({ step, "train/loss": 4, "health/rank": of / 4, "health/images": of }))
          .join("\n"),
      );
    const caption = async () =>
      readFileSync((await writeReport([dir], at("looks.html"))).path, "utf8").match(
        /<b>Effective rank<\/b>(.*?)<\/figcaption>/,
      )?.[1];
    write(32, 32, 1256);
    expect(await caption()).toBe(", of 32 to 1,256 images: of more it is higher");
    write(256, 256, 256);
    expect(await caption()).toBe("");
  });

  it("says where a probe is older than the weights, and passes on its notes", async () => {
    const dir = await writeRun(at("older"), { steps: 30 });
    const file = join(dir, "eval", "linear.json");
    const evaluation = JSON.parse(readFileSync(file, "utf8"));
    writeFileSync(file, JSON.stringify({ ...evaluation, step: 12, notes: ["3 images could not be read"] }));
    const page = readFileSync((await writeReport([dir], at("older.html"))).path, "utf8").replaceAll("\u00a0", " ");
    expect(page).toContain("older was probed at step 12, before its training went on to step 30.");
    expect(page).toContain("Note on older: 3 images could not be read.");
  });

  it("names a damaged checkpoint, and the one before it", async () => {
    const dir = await writeRun(at("damaged"), { steps: 3 });
    expect((await writeReport([dir], at("damaged.html"))).damage).toEqual([]);
    mkdirSync(at("damaged/checkpoints"));
    const file = (name: string) => at(`damaged/checkpoints/${name}.safetensors`);
    const header = JSON.stringify({ __metadata__: { step: "2" } });
    const length = Buffer.alloc(8);
    length.writeUInt8(header.length);
    for (const name of ["last.state", "previous", "previous.state"]) writeFileSync(file(name), `${length}${header}`);
    writeFileSync(file("last"), "weights");
    const { path, damage } = await writeReport([dir], at("damaged.html"));
    const expected =
      /^The last checkpoint of damaged is not whole: last.safetensors is damaged \(.*cut off\). That of step 2 is; go on from it with: unlabel pretrain --resume --out .*damaged$/;
    expect(damage).toEqual([expect.stringMatching(expected)]);
    expect(readFileSync(path, "utf8")).toContain("last.safetensors is damaged");
    writeFileSync(file("previous"), "weights");
    expect((await writeReport([dir], at("damaged.html"))).damage[0]).toMatch(
      /last.safetensors is damaged .*; previous.safetensors is damaged .* No other is whole.$/,
    );
  });

  it("refuses a folder or somebody's page as the file to write", async () => {
    const dir = await writeRun(at("folder"), { steps: 3 });
    writeFileSync(at("mine.html"), "<h1>mine</h1>");
    await expect(writeReport([dir], at("mine.html"))).rejects.toThrow(
      /^Expected a new file or a page of unlabel's for -o/,
    );
    expect(readFileSync(at("mine.html"), "utf8")).toBe("<h1>mine</h1>");
    await expect(writeReport([dir], folder.path)).rejects.toThrow(
      /Expected a file that ends in .html or .htm for -o, got the folder/,
    );
  });

  it("goes without a sprite that cannot be read, and says so", async () => {
    const dir = await writeRun(at("sprite"), { steps: 3, knn: 0.5 });
    writeFileSync(join(dir, "eval", "pictures.jpg"), "no picture");
    const page = readFileSync((await writeReport([dir], at("sprite.html"))).path, "utf8");
    expect(page).toMatch(/Pictures could not be read: .*pictures\.jpg/);
    expect(page).not.toContain('id="map"');
  });

  it("names pictures that cannot be read instead of failing", async () => {
    const dir = await writeRun(at("pictures"), { method: "mae", steps: 3 });
    writeFileSync(join(dir, "pictures", "0.png"), "no picture");
    const page = readFileSync((await writeReport([dir], at("pictures.html"))).path, "utf8");
    expect(page).toMatch(/Could not be read: .*pictures\/0\.png/);
    expect(page.match(/<img /g)).toHaveLength(9);
  });

  it("stays small with six runs, 100 classes and long curves", async () => {
    const classes = Array.from({ length: 100 }, (_, index) => `class ${index} ${"with a very long name ".repeat(4)}`);
    const run = { classes, knn: 0.5, steps: 4000, valImages: 5000, config: { size: 224 } };
    const mae = { ...run, method: "mae" as const, pictures: 12 };
    const { report } = await reportOf("many", run, mae, run, mae, run, mae);
    expect(report.bytes).toBeLessThan(8e6);
  });

  it("is written of 2,000 classes as well: their ends, and no matrix", async () => {
    const classes = Array.from({ length: 2000 }, (_, index) => `class ${index >> 1}`);
    const run = { classes, steps: 3, valImages: 10_000 };
    const { report, page } = await reportOf("thousands", run, { ...run, method: "mae", pictures: 0 });
    expect(report.bytes).toBeLessThan(2e6);
    expect(page).toContain("A matrix of 2,000 classes is left out; it stands in eval/linear.json.");
    expect(page).toContain("F1 of the 25 classes that do best and the 25 that do worst of 2,000");
    expect(page).not.toContain('class="matrix"');
    expect(page).toContain("Most confused: true class");
  });
});

const CHROMIUM = "/usr/bin/chromium";
const present = existsSync(CHROMIUM);
if (!present) {
  const message = `Expected Chromium at ${CHROMIUM} for the page tests; "apt-get install chromium" brings it`;
  if (process.env.CI) throw new Error(message);
  console.warn(`Skipped: ${message}`);
}

describe.runIf(present)("the page", () => {
  let browser: Browser;
  let url: string;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
    const hostile = {
      knn: 0.5,
      classes: [HOSTILE, ...TEN_CLASSES.slice(1)],
      skipped: [{ path: HOSTILE, reason: HOSTILE }],
    };
    const { report } = await reportOf(
      "hostile",
      { ...hostile, run: { command: HOSTILE, device: HOSTILE, chosen: [HOSTILE] } },
      { ...hostile, method: "mae", config: { note: HOSTILE } },
    );
    url = pathToFileURL(report.path).href;
  });
  afterAll(() => browser?.close());

  const views = [1280, 390].flatMap((width) =>
    (["light", "dark"] as const).map((colorScheme) => ({ width, colorScheme })),
  );
  it.each(views)(
    "opens at $width px in $colorScheme: no error, no request, nothing wider than the screen",
    async (view) => {
      const page = await browser.newPage({
        viewport: { width: view.width, height: 844 },
        colorScheme: view.colorScheme,
      });
      const said: string[] = [];
      const asked: string[] = [];
      page.on("console", (message) => said.push(message.text()));
      page.on("pageerror", (error) => said.push(error.message));
      page.on("request", (request) => asked.push(request.url()));
      await page.goto(url);
      expect(said).toEqual([]);
      expect(asked.filter((address) => !address.startsWith("data:"))).toEqual([url]);
      const found = await page.evaluate(`({
      wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      injected: document.querySelectorAll("img:not([src^='data:']), script:not(:last-child)").length,
      title: document.title,
      unlabelled: document.querySelectorAll("svg:not(:has(> title)), img:not([alt])").length,
      blank: [...document.images].filter((image) => image.naturalWidth === 0).length,
      ground: getComputedStyle(document.body).backgroundColor,
      shown: document.body.textContent.includes("onerror"),
    })`);
      expect(found).toEqual({
        wide: 0,
        injected: 0,
        title: "run0 and run1 cannot be told apart: 58.0\u00a0% linear-probe top-1 each.",
        unlabelled: 0,
        blank: 0,
        ground: view.colorScheme === "light" ? "rgb(253, 253, 252)" : "rgb(19, 21, 25)",
        shown: true,
      });
      await page.close();
    },
  );

  it("switches colours by keyboard, reads the matrix out, and prints light and whole", async () => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: "light" });
    await page.goto(url);
    const ground = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
    await page.locator(".theme").focus();
    await page.keyboard.press("Enter");
    expect(await ground()).toBe("rgb(19, 21, 25)");
    expect(await page.locator(".theme").getAttribute("aria-label")).toBe("Switch to light colours");
    const matrix = page.locator(".matrix").first();
    const width = (await matrix.boundingBox())?.width ?? 0;
    await matrix.hover({ position: { x: width - 10, y: 10 } });
    expect(await page.locator(".readout").first().textContent()).toMatch(/onerror.* taken for parachute: \d+ of 393/);
    const map = page.locator("figure.map").first();
    await map.locator(".stage").focus();
    const said = () => map.locator(".said").textContent();
    const before = await said();
    expect(before).toMatch(/onerror/);
    expect(await map.locator(".preview .tile").isVisible()).toBe(true);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowLeft");
    expect(await said()).not.toBe(before);
    const chosen = map.locator(".legend button").nth(2);
    await chosen.click();
    expect(await chosen.getAttribute("aria-pressed")).toBe("true");
    expect(await map.locator("g.dim").count()).toBe(9);
    await page.emulateMedia({ media: "print" });
    expect(await ground()).toBe("rgb(255, 255, 255)");
    await page.close();
  });
});
