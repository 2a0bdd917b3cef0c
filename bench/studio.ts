// How soon the studio is there: its address, the table of 50 and of 500 runs, the curves of a run of ten million steps, and how much a
// browser loads. In headless Chromium without a GPU, each in a process of its own.
import { closeSync, cpSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Browser } from "playwright-core";
import { idOf } from "../packages/unlabel/src/studio/runs/library.ts";
import { launchChromium } from "../packages/unlabel/src/testing/chromium.ts";
import { writeRun } from "../packages/unlabel/src/testing/run-fixture.ts";
import { type BenchOptions, type Row, row } from "./row.ts";
import { median } from "./stats.ts";
import { MAP_ROWS, mapRows } from "./studio-map.ts";
import { PICTURES_ROWS, picturesRows } from "./studio-pictures.ts";
import { startStudio } from "./studio-process.ts";
import { REAL_MAP_ROWS, realMapRows } from "./studio-real-map.ts";

const BUILT = join(import.meta.dirname, "../packages/unlabel/dist/studio/pages");
const ROUNDS = 5;
const MANY = 500;
const LINES = 10_000_000;

/** What is measured together, by the names of its rows. */
const PARTS = {
  few: ["from the command to the address", "first paint of 50 runs"],
  many: [`all of ${MANY} runs painted`],
  long: [
    "10 million lines: the first curve",
    "10 million lines: read whole, every extreme kept",
    "10 million lines: what others wait meanwhile",
  ],
  dragged: MAP_ROWS,
  laidOut: REAL_MAP_ROWS,
  pictures: PICTURES_ROWS,
  loaded: ["what a browser loads, gzip"],
} as const;

/** `--rows` chooses among them; what is measured together is measured whole. */
export function rowNames(): string[] {
  return Object.values(PARTS).flat();
}

export async function run(options: BenchOptions): Promise<Row[]> {
  const { quick, say, rows: chosen } = options;
  const folder = mkdtempSync(join(tmpdir(), "unlabel-bench-"));
  const rounds = quick ? 1 : ROUNDS;
  const asked = (part: keyof typeof PARTS) => PARTS[part].some((name) => chosen?.test(name) ?? true);
  const browser = await launchChromium();
  try {
    const rows: Row[] = [];
    if (asked("few")) {
      say("50 runs");
      const { starts, paints } = await paintsOf(browser, join(folder, "few"), quick ? 5 : 50, rounds);
      rows.push(
        row(PARTS.few[0], "s", median(starts), null, { note: "aim: 2 s" }),
        row(PARTS.few[1], "s", median(paints), null, { note: "aim: 1 s" }),
      );
    }
    if (asked("many")) {
      say(`${MANY} runs`);
      const { paints } = await paintsOf(browser, join(folder, "many"), quick ? 10 : MANY, rounds);
      rows.push(row(PARTS.many[0]!, "s", median(paints), null, { note: "right after the start" }));
    }
    if (asked("long")) {
      say(`${LINES} lines of metrics`);
      const long = join(folder, "long");
      await writeLong(join(long, "run"), quick ? 50_000 : LINES);
      rows.push(...(await readLong(long)));
    }
    if (asked("dragged")) {
      say("a map that is dragged");
      rows.push(...(await mapRows(browser, quick)));
    }
    if (asked("laidOut")) {
      say("a map of a hundred thousand images");
      rows.push(...(await realMapRows(browser, join(folder, "map"), options)));
    }
    if (asked("pictures")) rows.push(...(await picturesRows(join(folder, "pictures"), options)));
    if (asked("loaded")) {
      const bytes = ["studio.js", "studio.css"].map((name) => gzipSync(readFileSync(join(BUILT, name))).length);
      const sum = bytes.reduce((total, one) => total + one);
      rows.push(row(PARTS.loaded[0], "MB", sum / 1e6, null, { note: "aim: 1.5 MB" }));
    }
    return rows.filter(({ name }) => chosen?.test(name) ?? true);
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** How long a studio on so many runs takes to answer, and a browser to have them all on the screen, a number a round. */
async function paintsOf(browser: Browser, folder: string, count: number, rounds: number) {
  await writeRuns(folder, count);
  const [starts, paints]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    await using studio = await startStudio(folder);
    starts.push(studio.seconds);
    paints.push(await paintOf(browser, studio.address, count));
  }
  return { starts, paints };
}

/** Runs that differ in their names alone. */
async function writeRuns(folder: string, count: number): Promise<void> {
  const first = await writeRun(join(folder, "run-0"), { knn: 0.5 });
  for (let i = 1; i < count; i++) cpSync(first, join(folder, `run-${i}`), { recursive: true });
}

async function writeLong(dir: string, lines: number): Promise<void> {
  await writeRun(dir, { steps: 1, config: { epochs: 200_000 }, run: { status: "interrupted", result: null } });
  const file = openSync(join(dir, "metrics.jsonl"), "w");
  let text = "";
  for (let step = 1; step <= lines; step++) {
    const loss = (4.6 + Math.exp((-4 * step) / lines) + (step % 97) / 970).toFixed(5);
    const rest = `"train/lr":0.001,"train/grad_norm":${1 + (step % 31) / 31},"data/images_per_s":${200 + (step % 13)},"data/wait_s":0.001`;
    text += `{"step":${step},"epoch":${1 + Math.floor(step / 74)},"seconds":${(step * 0.6).toFixed(2)},"train/loss":${loss},${rest}}\n`;
    if (step % 20_000 === 0 || step === lines) {
      writeSync(file, text);
      text = "";
    }
  }
  closeSync(file);
}

/** Seconds from where a browser asks for the page to where so many rows are painted. */
async function paintOf(browser: Browser, address: string, count: number): Promise<number> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  try {
    const page = await context.newPage();
    // Let in first: the token's page is none that anybody looks at.
    await page.goto(address);
    await page.waitForURL(/\/$/);
    await page.goto("about:blank");
    await page.addInitScript(`(() => {
      const look = () => document.querySelectorAll("[data-run]").length >= ${count}
        ? requestAnimationFrame(() => setTimeout(() => { document.documentElement.dataset.painted = performance.now(); }))
        : requestAnimationFrame(look);
      requestAnimationFrame(look);
    })()`);
    await page.goto(new URL("/", address).href);
    const painted = page.locator("html[data-painted]");
    await painted.waitFor({ state: "attached", timeout: 120_000 });
    return Number(await painted.getAttribute("data-painted")) / 1000;
  } finally {
    await context.close();
  }
}

/** How soon a page has a curve of a long run, how long reading it to its end takes, and how long others wait meanwhile. */
async function readLong(folder: string): Promise<Row[]> {
  await using studio = await startStudio(folder);
  const entry = await fetch(studio.address);
  const cookie = entry.headers.get("set-cookie")!.split(";")[0]!;
  const ask = async <T>(path: string): Promise<{ seconds: number; found: T }> => {
    const began = performance.now();
    const found = (await (await fetch(new URL(path, studio.address), { headers: { cookie } })).json()) as T;
    return { seconds: (performance.now() - began) / 1000, found };
  };
  type Known = { runs: unknown[]; looking: boolean };
  let { found: all } = await ask<Known>("/api/runs");
  while (all.looking || all.runs.length === 0) all = (await ask<Known>("/api/runs")).found;
  const path = `/api/curves?runs=${idOf(join(folder, "run"))}`;
  const began = performance.now();
  const first = await ask<{ runs: { read: number }[] }>(path);
  const waits: number[] = [];
  for (let { found } = first; found.runs[0]!.read < 1; ) {
    waits.push((await ask("/api/runs")).seconds);
    await new Promise((resolve) => setTimeout(resolve, 200));
    ({ found } = await ask<{ runs: { read: number }[] }>(path));
  }
  const whole = (performance.now() - began) / 1000;
  return [
    row(PARTS.long[0], "s", first.seconds, null),
    row(PARTS.long[1], "s", whole, null),
    row(PARTS.long[2], "s", waits.length > 0 ? median(waits) : null, null, {
      note: waits.length > 0 ? "median of answers with the table" : "not measured: the file was read at once",
    }),
  ];
}
