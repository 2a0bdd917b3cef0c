// A map of 100,000 images as a person has it: images that are made here, a run that was trained on them, the button pressed, until the map
// is on the page; then how smoothly it is dragged. Nothing is made up but the images.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { idOf } from "../packages/unlabel/src/studio/runs/library.ts";
import { runUnlabel } from "./child.ts";
import { type BenchOptions, type Row, row } from "./row.ts";
import { framesWhileDragged } from "./studio-map.ts";
import { startStudio } from "./studio-process.ts";

const EDGE = 28;
const KINDS = 10;
const COUNT = 100_000;
const namesOf = (count: number) => {
  const words = `a map of ${count.toLocaleString("en-US")} images`;
  return [`${words}: from the button to the page`, `${words}: dragged`] as const;
};
/** Names of its rows. */
export const REAL_MAP_ROWS = namesOf(COUNT);
/** Minutes that a map may take before the bench gives up. */
const PATIENCE = 30;

/** Seconds until the map is there, and frames a second while it is dragged. */
export async function realMapRows(browser: Browser, folder: string, options: BenchOptions): Promise<Row[]> {
  const count = options.quick ? 2000 : COUNT;
  const images = join(folder, "images");
  writeImages(images, count);
  const small = ["encoder=vit_tiny", "patch=14", "projection_hidden=64", "projection_dim=32", "health_every=0"];
  const run = join(folder, "run");
  const how = ["--method", "simclr", "--size", String(EDGE), "--batch", "64", "--steps", "20", "--out", run];
  const set = small.flatMap((one) => ["--set", one]);
  await runUnlabel(["pretrain", images, ...how, ...set, "--threads", String(options.threads)], options.threads);
  await using studio = await startStudio(folder);
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  try {
    const page = await context.newPage();
    await page.goto(studio.address);
    await page.waitForURL(/\/$/);
    await page.goto(new URL(`/map?runs=${idOf(run)}`, studio.address).href);
    const began = performance.now();
    await page.getByRole("button", { name: "Draw the map" }).click();
    await page.locator(".map > canvas[data-frames]").waitFor({ timeout: PATIENCE * 60_000 });
    const seconds = (performance.now() - began) / 1000;
    const frames = await framesWhileDragged(page, options.quick ? 0.5 : 4);
    const [drawn, dragged] = namesOf(count);
    return [
      row(drawn, "s", seconds, null, {
        note: "encoded, laid out, asked for classes",
      }),
      row(dragged, "frames/s", Number(frames.toFixed(1)), null, { note: "at most 60" }),
    ];
  } finally {
    await context.close();
  }
}

/** Blobs of ten kinds, as IDX files: a hundred thousand files would measure the disk. */
function writeImages(folder: string, count: number): void {
  mkdirSync(folder, { recursive: true });
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 1;
    return state / 2 ** 31;
  };
  const write = (name: string, some: number) => {
    const pixels = Buffer.alloc(16 + some * EDGE * EDGE);
    const labels = Buffer.alloc(8 + some);
    for (const [at, value] of [0x803, some, EDGE, EDGE].entries()) pixels.writeUInt32BE(value, 4 * at);
    for (const [at, value] of [0x801, some].entries()) labels.writeUInt32BE(value, 4 * at);
    for (let i = 0; i < some; i++) {
      const kind = i % KINDS;
      labels[8 + i] = kind;
      const [x, y] = [8 + 3 * (kind % 4) + 3 * next(), 7 + 5 * Math.floor(kind / 4) + 3 * next()];
      const wide = 4 + 12 * next() + 2 * kind;
      for (let at = 0; at < EDGE * EDGE; at++) {
        const [dx, dy] = [(at % EDGE) - x, Math.floor(at / EDGE) - y];
        const wave = 40 * Math.sin((dx * (1 + (kind % 3)) + dy * (1 + (kind % 5))) / 3);
        pixels[16 + i * EDGE * EDGE + at] = Math.max(
          0,
          Math.min(255, 230 * Math.exp(-(dx * dx + dy * dy) / (4 * wide)) + wave),
        );
      }
    }
    writeFileSync(join(folder, `${name}-images-idx3-ubyte`), pixels);
    writeFileSync(join(folder, `${name}-labels-idx1-ubyte`), labels);
  };
  const val = Math.round(count / 10);
  write("train", count - val);
  write("t10k", val);
}
