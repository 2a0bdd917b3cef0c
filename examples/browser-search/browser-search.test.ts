// The page as a visitor meets it, in a browser, with an encoder of two steps: what is dropped is found, and nothing leaves.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page, type Request } from "playwright-core";
import sharp from "sharp";
import { loadEncoder, pretrain } from "unlabel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Served, serveFolder } from "./serve.ts";
import { buildSite, type Site } from "./site.ts";

const CHROMIUM = "/usr/bin/chromium";
const folder = mkdtempSync(join(tmpdir(), "unlabel-browser-search-"));
const [run, photos, out] = [join(folder, "run"), join(folder, "photos"), join(folder, "site")];
/** A name that would be markup. */
const EVIL = "<img src=x onerror=alert(1)>.png";
let site: Site;

const picture = (seed: number) =>
  sharp({
    create: {
      ...{ width: 60, height: 44, channels: 3 },
      background: { r: (53 * seed) % 256, g: (211 * seed) % 256, b: (97 * seed) % 256 },
      noise: { type: "gaussian", mean: 128, sigma: 10 + 8 * (seed % 4) },
    },
  });

beforeAll(async () => {
  mkdirSync(photos);
  for (let i = 0; i < 15; i++)
    await picture(i)
      .png()
      .toFile(join(photos, `${i}.png`));
  await picture(15).png().toFile(join(photos, EVIL));
  const small = { method: "simclr", preset: "small", encoder: "resnet18", size: 32, eval_size: 32, batch: 8, steps: 2 };
  await pretrain({
    ...{ data: photos, out: run, stream: { write: () => true } },
    settings: { flags: { ...small, health_every: 0, online: false } },
  });
  writeFileSync(join(photos, "broken.png"), "no image");
  site = await buildSite({ run, folder: photos, out });
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("is a folder of files, and says what could not be read", () => {
  expect(site).toMatchObject({ images: 16, skipped: ["broken.png"] });
  expect(readdirSync(join(out, "thumbnails"))).toHaveLength(16);
  const index = JSON.parse(readFileSync(join(out, "index.json"), "utf8"));
  expect(index).toMatchObject({
    dim: 512,
    size: 32,
    method: "simclr",
    model: "model/model_with_preprocessing_int8.onnx",
  });
  expect(readFileSync(join(out, "features.bin"))).toHaveLength(16 * 512);
});

describe.skipIf(!existsSync(CHROMIUM))("in a browser", () => {
  let [served, browser, page]: [Served, Browser, Page] = [] as never;
  const asked: Request[] = [];
  const faults: string[] = [];

  beforeAll(async () => {
    served = await serveFolder(out, 0);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
    page = await browser.newPage();
    page.on("request", (request) => asked.push(request));
    page.on("pageerror", (error) => faults.push(error.message));
    page.on("console", (said) => said.type() === "error" && faults.push(said.text()));
    page.on("dialog", (dialog) => faults.push(dialog.message()));
    await page.goto(served.url);
    await page.getByText("Ready").waitFor();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await served?.close();
  });

  const names = () =>
    page.evaluate("[...document.querySelectorAll('#results button')].map((one) => one.title)") as Promise<string[]>;
  const ask = async (name: string, bytes: Buffer) => {
    await page.locator("#file").setInputFiles({ name, mimeType: "image/png", buffer: bytes });
    await page.locator("#heading", { hasText: "Most alike" }).waitFor();
    await page.locator("#status", { hasText: "Encoded on this device" }).waitFor();
  };

  it("finds a picture of the index as its own nearest, and the order that the run's own features have", async () => {
    await ask("7.png", readFileSync(join(photos, "7.png")));
    const found = await names();
    expect(found[0]).toBe("7.png");
    const score = Number(await page.locator("#results .score").first().textContent());
    expect(score).toBeGreaterThan(0.98);
    using encoder = await loadEncoder(run);
    const rows = await Promise.all(
      Array.from({ length: 16 }, (_, i) => encoder.encode(join(photos, i === 15 ? EVIL : `${i}.png`))),
    );
    const cosine = (a: Float32Array, b: Float32Array) => {
      const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
      return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
    };
    const own = rows.map((row) => cosine(rows[7]!, row));
    const at = (name: string) => (name === EVIL ? 15 : Number.parseInt(name, 10));
    // 8-bit weights change cosines by little: none that is shown is farther than one that is not by more than that.
    const shown = found.map((name) => own[at(name)]!);
    const hidden = own.filter((_, i) => !found.some((name) => at(name) === i));
    expect(Math.min(...shown)).toBeGreaterThan(Math.max(...hidden) - 0.02);
  });

  it("takes a picture of the index at a click, and one of any format and shape", async () => {
    await page.locator("#results button").nth(1).click();
    await page.locator("#heading", { hasText: "Most like" }).waitFor();
    expect(await names()).toHaveLength(12);
    const tall = picture(3).resize(30, 700, { fit: "fill" }).webp();
    await ask("tall.webp", await tall.toBuffer());
    expect(await names()).toHaveLength(12);
  });

  it("says what is no picture, and goes on", async () => {
    await page.locator("#file").setInputFiles({ name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("words") });
    await page.getByText("a.txt is no picture that this browser reads").waitFor();
    await ask("2.png", readFileSync(join(photos, "2.png")));
    expect((await names())[0]).toBe("2.png");
  });

  it("asks for files of its own alone, sends nothing, and runs no one's markup", () => {
    const others = asked.filter((one) => !one.url().startsWith(served.url) && !/^(blob|data):/.test(one.url()));
    expect(others.map((one) => one.url())).toEqual([]);
    expect(new Set(asked.map((one) => one.method()))).toEqual(new Set(["GET"]));
    expect(asked.filter((one) => one.postData() !== null)).toEqual([]);
    expect(faults).toEqual([]);
  });

  it("fits a telephone", async () => {
    await page.setViewportSize({ width: 390, height: 800 });
    // Text to the compiler here: there is no page in Node.
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
  });
});
