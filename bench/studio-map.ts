// Frames a second while a map of 20,000 points, and one of 100,000, is dragged in headless Chromium without a GPU: the page's own canvas, in
// the studio's own page, its points made up.
import type { Browser, Page } from "playwright-core";
import { colours } from "../packages/unlabel/src/page/style.ts";
import { studioDocument } from "../packages/unlabel/src/studio/server/document.ts";
import { bundlePages } from "../scripts/pages.mjs";
import { type Row, row } from "./row.ts";

const SECONDS = 4;
const COUNTS = [20_000, 100_000];
const nameOf = (count: number) => `a map of ${count.toLocaleString("en-US")} points, dragged`;
/** Names of its rows. */
export const MAP_ROWS = COUNTS.map(nameOf);

/** One row for each number of points. */
export async function mapRows(browser: Browser, quick: boolean): Promise<Row[]> {
  const files = await bundlePages();
  const rows: Row[] = [];
  for (const count of quick ? [2000] : COUNTS) {
    const frames = await framesOf(browser, files, count, quick ? 0.5 : SECONDS);
    rows.push(
      row(nameOf(count), "frames/s", Number(frames.toFixed(1)), null, {
        note: count === 20_000 ? "aim: 30; at most 60" : "at most 60",
      }),
    );
  }
  return rows;
}

async function framesOf(
  browser: Browser,
  files: ReadonlyMap<string, string>,
  count: number,
  seconds: number,
): Promise<number> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const run = "aaaaaaaaaaaa";
  const first = {
    id: run,
    name: "made-up",
    group: null,
    dir: "made-up",
    state: "done",
    problem: null,
    trainer: null,
    method: "simclr",
  };
  const rest = {
    title: "SimCLR",
    encoder: "resnet18",
    data: "",
    seed: 0,
    step: 10,
    total: 10,
    epoch: 1,
    seconds: 1,
    eta: null,
  };
  const last = { rate: null, loss: 1, spark: [], health: null, probe: null, knn: null, created: null };
  const told = {
    count,
    how: "made up",
    step: 10,
    clusters: 10,
    wrong: null,
    train: count,
    val: 0,
    left: 0,
    images: "x",
    seconds: 1,
    cached: true,
  };
  const classes = Array.from({ length: 10 }, (_, i) => ({ name: `class ${i}`, images: count / 10 }));
  const answers: Record<string, unknown> = {
    "/api/runs": { runs: [{ ...first, ...rest, ...last }], folders: ["runs"], looking: false, notes: [] },
    [`/api/map/${run}`]: { state: "done", result: { ...told, classes } },
  };
  await page.route("http://studio.test/**", async (route) => {
    const { pathname } = new URL(route.request().url());
    const body = answers[pathname];
    if (body !== undefined) return route.fulfill({ json: body });
    if (pathname === `/api/map/${run}/points`) return route.fulfill({ body: pointBytes(count) });
    if (pathname === "/api/events")
      return route.fulfill({ contentType: "text/event-stream", body: "retry: 60000\n\n" });
    if (pathname === "/tokens.css") return route.fulfill({ contentType: "text/css", body: colours });
    const file = files.get(pathname.slice(1));
    if (file !== undefined)
      return route.fulfill({ contentType: pathname.endsWith(".css") ? "text/css" : "text/javascript", body: file });
    if (pathname.startsWith("/api/")) return route.fulfill({ status: 404, json: { error: "not here" } });
    return route.fulfill({ contentType: "text/html", body: studioDocument("bench") });
  });
  await page.goto(`http://studio.test/map?runs=${run}`);
  const canvas = page.locator(".map > canvas");
  await canvas.waitFor();
  const frames = await framesWhileDragged(page, seconds);
  await page.close();
  return frames;
}

/** Frames a second of the map on a page, while it is dragged for so long. */
export async function framesWhileDragged(page: Page, seconds: number): Promise<number> {
  const drag = async (milliseconds: number) => Number(await page.evaluate(`(${DRAG})(${milliseconds})`));
  await drag(300);
  return await drag(1000 * seconds);
}

/** In the page: moves a pressed pointer about for so long, frame by frame, and counts how often the map was drawn. */
const DRAG = `(long) => new Promise((done) => {
  const own = document.querySelector(".map > canvas");
  const send = (type, x, y) => own.dispatchEvent(new PointerEvent(type, { clientX: x, clientY: y, pointerId: 1, bubbles: true }));
  own.setPointerCapture = () => {};
  const before = Number(own.dataset.frames ?? 0), began = performance.now();
  send("pointerdown", 400, 300);
  const step = () => {
    const now = performance.now() - began;
    send("pointermove", 400 + 150 * Math.sin(now / 200), 300 + 100 * Math.cos(now / 170));
    if (now < long) requestAnimationFrame(step);
    else {
      send("pointerup", 400, 300);
      done((1000 * (Number(own.dataset.frames) - before)) / now);
    }
  };
  requestAnimationFrame(step);
})`;

/** Points in clouds, as `/api/map/ID/points` sends them. */
function pointBytes(count: number): Buffer {
  let state = 1;
  const next = () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
  const cloud = Array.from({ length: count }, (_, i) => i % 10);
  const near = () => (next() + next() + next() - 1.5) * 0.12;
  const place = (middle: number) => Math.round(65_535 * Math.min(1, Math.max(0, middle + near())));
  const parts = [
    Uint32Array.from({ length: count }, (_, i) => i),
    Uint16Array.from(cloud, (kind) => place(0.5 + 0.35 * Math.cos(kind))),
    Uint16Array.from(cloud, (kind) => place(0.5 + 0.35 * Math.sin(kind * 1.7))),
    Int16Array.from(cloud),
    Int16Array.from(cloud),
    Uint8Array.from(cloud),
    new Uint8Array(count),
  ];
  return Buffer.concat(parts.map(({ buffer }) => Buffer.from(buffer)));
}
