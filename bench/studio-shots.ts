// npm run pictures [FOLDER]: the README's pictures of the studio, made anew: the demo's drawings, SimCLR and MAE with two seeds each as the
// demo trains them, one more that trains while the picture is taken, and four pages in headless Chromium. FOLDER keeps the runs for the
// next time; some minutes the first time.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { cacheDir } from "@unlabel/torch/setup";
import { type Browser, chromium, type Page } from "playwright-core";
import sharp from "sharp";
import { idOf } from "../packages/unlabel/src/studio/runs/library.ts";
import { startStudio } from "./studio-process.ts";

const ROOT = join(import.meta.dirname, "..");
const BIN = join(ROOT, "packages/unlabel/bin/unlabel.mjs");
const OUT = join(ROOT, "docs/pictures");
const CHROMIUM = "/usr/bin/chromium";
const [WIDTH, HEIGHT] = [1280, 800];
/** Milliseconds that a busy machine may take for one page. */
const PATIENCE = 600_000;
const [given, ...more] = process.argv.slice(2);
if (more.length > 0) throw new Error(`Expected one folder, got ${more.length + 1}: npm run pictures -- FOLDER`);
const folder = resolve(given ?? join(cacheDir(), "studio-pictures"));
const runs = join(folder, "runs");
const demo = join(runs, "demo");
const live = join(runs, "byol");

mkdirSync(runs, { recursive: true });
mkdirSync(OUT, { recursive: true });
if (!existsSync(join(demo, "report.html"))) await unlabel("demo", "--seeds", "2", "--out", demo);
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
const training = beginTraining();
try {
  await using studio = await startStudio(folder);
  const page = await letIn(browser, studio.address);
  const at = (path: string) => page.goto(new URL(path, studio.address).href);
  const [simclr, mae] = ["simclr-0", "mae-0"].map((name) => idOf(join(demo, name)));

  await at("/");
  await page.locator(".status.live").waitFor();
  await page.locator(`[data-run="${idOf(live)}"] .steps:not(:empty)`).waitFor();
  // A few steps, so that there is a curve.
  await page.locator(`[data-run="${idOf(live)}"] .spark path`).waitFor({ state: "attached" });
  await keep(page, "runs");

  await at(`/run/${mae}?pictures=reconstructed`);
  await page.locator("#facts").waitFor();
  await page.waitForTimeout(500);
  await keep(page, "run");

  await at(`/map?runs=${simclr},${mae}`);
  for (const draw of await page.getByRole("button", { name: "Draw the map" }).all()) await draw.click();
  await page.locator(".map > canvas[data-frames]").nth(1).waitFor();
  await page.waitForTimeout(500);
  await keep(page, "map");

  await at(`/masked?runs=${mae}&image=40`);
  await page.locator(".pictures img").first().waitFor();
  await page.waitForTimeout(500);
  await keep(page, "masked");
} finally {
  training.kill("SIGINT");
  await once(training, "exit");
  rmSync(live, { recursive: true, force: true });
  await browser.close();
}

/** Runs a command of ours to its end. */
async function unlabel(...args: string[]): Promise<void> {
  const [code] = await once(spawn(process.execPath, [BIN, ...args], { stdio: "inherit" }), "exit");
  if (code !== 0) throw new Error(`Expected unlabel ${args[0]} to end well, got exit code ${code}`);
}

/** A run that trains for as long as pictures are taken. */
function beginTraining(): ChildProcess {
  if (existsSync(live)) rmSync(live, { recursive: true });
  const how = [
    "--method",
    "byol",
    "--preset",
    "small",
    "--size",
    "32",
    "--batch",
    "32",
    "--steps",
    "4000",
    "--out",
    live,
  ];
  return spawn(process.execPath, [BIN, "pretrain", join(runs, "animals"), ...how], { stdio: "ignore" });
}

async function letIn(own: Browser, address: string): Promise<Page> {
  const page = await own.newPage({ viewport: { width: WIDTH, height: HEIGHT }, colorScheme: "light" });
  page.setDefaultTimeout(PATIENCE);
  await page.goto(address);
  await page.waitForURL(/\/$/);
  return page;
}

/** What the window shows, as far down as there is something, in docs/pictures. */
async function keep(page: Page, name: string): Promise<void> {
  await page.mouse.move(0, 0);
  const file = join(OUT, `studio-${name}.webp`);
  const bottom = Number(await page.evaluate("document.querySelector('main').getBoundingClientRect().bottom"));
  const clip = { x: 0, y: 0, width: WIDTH, height: Math.min(HEIGHT, Math.ceil(bottom) - 24) };
  const { size } = await sharp(await page.screenshot({ clip }))
    .webp({ quality: 84, effort: 6 })
    .toFile(file);
  process.stderr.write(`${file}: ${Math.round(size / 1000)} kB\n`);
}
