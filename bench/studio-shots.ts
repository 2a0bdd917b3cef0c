// npm run pictures [-- FOLDER [NAME…]]: the README's pictures of the studio, made anew, or those named: runs, run, map, masked. On the
// demo's drawings: SimCLR and VICReg with two seeds each as the demo trains them, one more that trains while its picture is taken, and pages in
// headless Chromium. FOLDER keeps the runs for the next time.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { cacheDir } from "@unlabel/torch/setup";
import type { Page } from "playwright-core";
import sharp from "sharp";
import { UserError } from "../packages/unlabel/src/base/errors.ts";
import { idOf } from "../packages/unlabel/src/studio/runs/library.ts";
import { launchChromium } from "../packages/unlabel/src/testing/chromium.ts";
import { startStudio } from "./studio-process.ts";

const ROOT = join(import.meta.dirname, "..");
const BIN = join(ROOT, "packages/unlabel/bin/unlabel.mjs");
const OUT = join(ROOT, "docs/pictures");
const [WIDTH, HEIGHT] = [1280, 800];
/** Milliseconds that a busy machine may take for one page. */
const PATIENCE = 900_000;
/** Times that the map is made half as large again. */
const ZOOMS = 6;
/** For what is drawn after all is there: charts, sheets of thumbnails. */
const DRAWN_MS = 1_500;

const [given, ...names] = process.argv.slice(2);
const runs = join(resolve(given ?? join(cacheDir(), "studio-pictures")), "runs");
const demo = join(runs, "demo");
const live = join(runs, "byol");
const masked = join(runs, "mae");
const simclr = idOf(join(demo, "simclr-0"));

/** Each goes to its page and waits until all is there. */
const PICTURES: Readonly<Record<string, (page: Page, at: (path: string) => Promise<unknown>) => Promise<void>>> = {
  runs: async (page, at) => {
    const training = beginTraining();
    try {
      await at("/");
      // A few steps, so that there is a curve.
      await page.locator(`[data-run="${idOf(live)}"] .spark path`).waitFor({ state: "attached" });
      await keep(page, "runs");
    } finally {
      const ended = once(training, "exit");
      training.kill("SIGINT");
      await ended;
      rmSync(live, { recursive: true, force: true });
    }
  },
  run: async (page, at) => {
    await at(`/run/${simclr}`);
    await page.locator("#facts").waitFor();
    await keep(page, "run");
  },
  map: async (page, at) => {
    await at(`/map?runs=${simclr}&color=group`);
    const draw = page.getByRole("button", { name: "Draw the map" });
    await draw.or(page.locator(".map > canvas")).waitFor();
    if ((await draw.count()) > 0) await draw.click();
    await page.locator(".map > canvas[data-frames]").waitFor();
    // The middle one, and its surroundings so near that images stand in the places of points.
    await page.locator(".map > canvas").focus();
    await page.keyboard.press("ArrowRight");
    const sheets = page.waitForResponse((response) => response.url().includes("/sheet?"));
    for (let i = 0; i < ZOOMS; i++) await page.keyboard.press("+");
    await sheets;
    await page.waitForTimeout(2 * DRAWN_MS);
    await page.evaluate("document.activeElement.blur()");
    await keep(page, "map");
  },
  masked: async (page, at) => {
    await at(`/masked?runs=${idOf(masked)}&image=40`);
    await page.locator(".pictures img").first().waitFor();
    await keep(page, "masked");
  },
};

const unknown = names.find((name) => !Object.hasOwn(PICTURES, name));
if (unknown !== undefined) throw new UserError(`Expected ${Object.keys(PICTURES).join(", ")}, got ${unknown}`);
mkdirSync(runs, { recursive: true });
mkdirSync(OUT, { recursive: true });
if (!existsSync(join(demo, "report.html"))) await unlabel("demo", "--seeds", "2", "--out", demo);
if (!existsSync(masked))
  await unlabel("pretrain", join(runs, "animals"), "--method", "mae", "--steps", "400", "--out", masked);
// By its name alone: pages show folders as they were given, and this machine's are nobody's business.
await using studio = await startStudio(basename(runs), dirname(runs));
const browser = await launchChromium();
try {
  const page = await browser.newPage({ viewport: { width: WIDTH, height: HEIGHT }, colorScheme: "light" });
  page.setDefaultTimeout(PATIENCE);
  await page.goto(studio.address);
  await page.waitForURL(/\/$/);
  for (const name of names.length > 0 ? names : Object.keys(PICTURES))
    await PICTURES[name]!(page, (path) => page.goto(new URL(path, studio.address).href));
} finally {
  await browser.close();
}

/** Runs a command of ours to its end. */
async function unlabel(...args: string[]): Promise<void> {
  const [code] = await once(spawn(process.execPath, [BIN, ...args], { stdio: "inherit" }), "exit");
  if (code !== 0) throw new UserError(`Expected unlabel ${args[0]} to end well, got exit code ${code}`);
}

/** A run that trains for as long as its picture is taken. */
function beginTraining(): ChildProcess {
  rmSync(live, { recursive: true, force: true });
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

/** What the window shows, as far down as there is something, in docs/pictures. */
async function keep(page: Page, name: string): Promise<void> {
  await page.waitForTimeout(DRAWN_MS);
  const bottom = Number(await page.evaluate("document.querySelector('main').getBoundingClientRect().bottom"));
  const clip = { x: 0, y: 0, width: WIDTH, height: Math.min(HEIGHT, Math.ceil(bottom) - 24) };
  const file = join(OUT, `studio-${name}.webp`);
  const { size } = await sharp(await page.screenshot({ clip }))
    .webp({ quality: 84, effort: 6 })
    .toFile(file);
  process.stderr.write(`${file}: ${Math.round(size / 1000)} kB\n`);
}
