// The page as a person has it: in Chromium, by keyboard alone, at the widths and in the themes that there are.
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { loadLabelRows } from "../../data/labels-file.ts";
import { openData } from "../../data/open.ts";
import { ImageReader } from "../../data/reader.ts";
import { Labelling } from "../../label/labelling.ts";
import { pictureOf } from "../../label/picture.ts";
import { LabelSession } from "../../label/session.ts";
import { openStore } from "../../label/store.ts";
import { temporaryFolder, writeImages } from "../../testing/data.ts";
import { makeWorld } from "../../testing/label-world.ts";
import { serveLabelling } from "./serve-labelling.ts";

const CHROMIUM = "/usr/bin/chromium";
const present = existsSync(CHROMIUM);
if (!present) {
  const message = `Expected Chromium at ${CHROMIUM} for the page tests; "apt-get install chromium" brings it`;
  if (process.env.CI) throw new Error(message);
  console.warn(`Skipped: ${message}`);
}

const COUNT = 60;
const WORLD = { count: COUNT, classes: 3, dim: 4, signals: [2, 0.2] };

describe.runIf(present)("by keyboard alone", () => {
  const folder = temporaryFolder();
  const file = join(folder.path, "labels.csv");
  const root = join(folder.path, "images");
  const { labels: plain, contenders } = makeWorld(WORLD, 3);
  const labels = plain.map((label) => `${label}, with a name that is much too long for the room that there is`);
  let browser: Browser;
  beforeAll(async () => {
    const names = Array.from(
      { length: COUNT },
      (_, i) => `${String(i).padStart(2, "0")}-a-name-that-is-rather-long-for-its-line.png`,
    );
    await writeImages(root, names, 320, 200);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
  });
  afterAll(async () => {
    await browser?.close();
    folder[Symbol.dispose]();
  });
  afterEach(() => rmSync(file, { force: true }));

  /** A server and a page of it. */
  async function open(view: { width?: number; colorScheme?: "light" | "dark" } = {}) {
    const { train } = await openData(root);
    const names = train.items.map(({ path }) => path);
    const store = openStore("-o", file);
    const session = new LabelSession(contenders, COUNT, 0);
    const places = new Map(names.map((name, i) => [name, i]));
    session.replay(
      store.rows.map(({ path, label, draw }) => ({
        image: places.get(path)!,
        label,
        draw: draw === "both" ? "coverage" : draw,
      })),
      (row) => new Error(`row ${row}`),
    );
    const reader = new ImageReader();
    const labelling = new Labelling({
      title: root,
      session,
      names,
      store,
      picture: (image) => pictureOf(train, train.items[image]!, reader),
    });
    let finished = false;
    const served = await serveLabelling(labelling, 0, () => {
      finished = true;
    });
    const { width = 1280, colorScheme = "light" } = view;
    const page = await browser.newPage({ viewport: { width, height: width < 600 ? 844 : 800 }, colorScheme });
    const faults: string[] = [];
    page.on("pageerror", (error) => faults.push(error.message));
    page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
    page.on("requestfailed", (request) => faults.push(request.url()));
    await page.goto(served.address);
    await page.waitForURL(/\/$/);
    const close = async () => {
      await page.close();
      await served.close();
      store[Symbol.dispose]();
    };
    return { page, session, faults, isFinished: () => finished, [Symbol.asyncDispose]: close };
  }

  /** Until the next picture can be seen. */
  const shown = (page: Page, at: number) => page.locator(`body[data-shown="${at}"]`).waitFor();
  const text = (page: Page, selector: string) => page.locator(selector).textContent();

  /** Labels what is shown as the world has it: by its key, or by typing a name that is new. */
  async function label(page: Page, session: LabelSession): Promise<void> {
    const at = session.answers.length;
    await shown(page, at);
    const truth = labels[session.current!.image]!;
    const known = session.classes.findIndex(({ name }) => name === truth);
    if (known >= 0) await page.keyboard.press(String(known + 1));
    else {
      if (await page.locator("#naming").isHidden()) await page.keyboard.press("n");
      await page.keyboard.type(truth);
      await page.keyboard.press("Enter");
    }
    await shown(page, at + 1);
  }

  it("labels twenty images, takes back, skips, ends, and goes on where it was", async () => {
    let before = "";
    {
      await using opened = await open();
      const { page, session, faults } = opened;
      for (let i = 0; i < 20; i++) await label(page, session);
      expect(session.answers.map(({ image, label }) => label === labels[image])).toEqual(Array(20).fill(true));
      expect(loadLabelRows(file)).toHaveLength(20);
      expect(await text(page, "#counts")).toBe("20 of 60 labelled");
      const verdict = await text(page, "#verdict");

      await page.keyboard.press("Backspace");
      await shown(page, 19);
      await page.keyboard.press("u");
      await shown(page, 18);
      expect(await text(page, "#live")).toBe("Taken back.");
      expect(loadLabelRows(file)).toHaveLength(18);
      for (let i = 0; i < 2; i++) await label(page, session);
      expect(await text(page, "#verdict")).toBe(verdict);

      await page.keyboard.press("s");
      await shown(page, 21);
      expect(await text(page, "#counts")).toBe("20 of 60 labelled, 1 skipped");
      before = readFileSync(file, "utf8");
      expect(faults).toEqual([]);
    }
    await using again = await open();
    const { page, session, faults } = again;
    await shown(page, 21);
    expect(await text(page, "#counts")).toBe("20 of 60 labelled, 1 skipped");
    expect(await page.locator("#classes li").count()).toBe(session.classes.length);
    while (session.current && !session.standing.settled) await label(page, session);
    // What coverage has shown may have had its turn since.
    const asDrawn = (text: string) => text.replaceAll(",both,", ",coverage,");
    expect(asDrawn(readFileSync(file, "utf8")).startsWith(asDrawn(before))).toBe(true);
    expect(await text(page, "#verdict")).toBe("Settled: run-0 is better");
    expect(await page.locator(".row.settled").count()).toBe(1);
    await page.locator("#finish").focus();
    await page.keyboard.press("Enter");
    await page.locator("#over").waitFor();
    await expect.poll(again.isFinished).toBe(true);
    expect(faults).toEqual([]);
  }, 120_000);

  it("takes no key before the picture can be seen, and no second answer for one picture", async () => {
    await using opened = await open();
    const { page, session } = opened;
    await label(page, session);
    await shown(page, 1);
    await page.evaluate(
      `for (let i = 0; i < 5; i++) document.dispatchEvent(new KeyboardEvent("keydown", { key: "1", bubbles: true }))`,
    );
    await shown(page, 2);
    expect(session.answers).toHaveLength(2);
  });

  it("Escape leaves the field; a name that is there is that class", async () => {
    await using opened = await open();
    const { page, session } = opened;
    await shown(page, 0);
    await page.locator("#naming").waitFor();
    await page.keyboard.type("one");
    await page.keyboard.press("Escape");
    expect(await page.locator("#naming").isHidden()).toBe(true);
    for (const at of [0, 1]) {
      await page.keyboard.press("Enter");
      await page.keyboard.type("same");
      await page.keyboard.press("Enter");
      await shown(page, at + 1);
    }
    expect(session.classes).toEqual([{ name: "same", images: 2 }]);
  });

  it.each([1280, 390].flatMap((width) => (["light", "dark"] as const).map((colorScheme) => ({ width, colorScheme }))))(
    "at $width px in $colorScheme: nothing wider than the screen, nothing moves, every text can be read",
    async (view) => {
      await using opened = await open(view);
      const { page, session, faults } = opened;
      const place = () =>
        page.evaluate(
          `JSON.stringify([".stage", "#undo", "#verdict"].map((one) => { const { top, left, width } = document.querySelector(one).getBoundingClientRect(); return [top + scrollY, left, width]; }))`,
        );
      // Classes make room for themselves once, as they are made.
      while (session.classes.length < 3) await label(page, session);
      const first = await place();
      for (let i = 0; i < 10; i++) await label(page, session);
      expect(await place()).toBe(first);
      if (process.env.UNLABEL_SHOTS)
        await page.screenshot({
          path: join(process.env.UNLABEL_SHOTS, `label-${view.width}-${view.colorScheme}.png`),
          fullPage: true,
        });
      const wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
      expect(wide).toBe(0);
      const faint = await page.evaluate(CONTRAST);
      expect(faint).toEqual([]);
      expect(faults).toEqual([]);
    },
  );
});

/** Texts of less contrast with what is behind them than WCAG's AA asks for. */
const CONTRAST = `(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (color) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => { const f = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
  const behind = (node) => { for (let at = node; at; at = at.parentElement) { const color = rgb(getComputedStyle(at).backgroundColor); if (color[3] === 255) return color; } return [255, 255, 255, 255]; };
  return [...document.querySelectorAll("body *")].flatMap((node) => {
    const own = [...node.childNodes].filter((one) => one.nodeType === 3 && one.textContent.trim() !== "");
    const box = node.getBoundingClientRect();
    if (own.length === 0 || box.width < 2 || node.closest("noscript, script, [hidden]")) return [];
    const [a, b] = [light(rgb(getComputedStyle(node).color)), light(behind(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    return ratio < 4.5 ? [node.textContent.trim().slice(0, 30) + " " + ratio.toFixed(2)] : [];
  });
})()`;
