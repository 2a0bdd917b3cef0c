// A studio in a browser, for tests: the pages as their sources are now, on a server of its own, in Chromium.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { bundlePages } from "../../../../scripts/pages.mjs";
import type { Pace } from "../studio/runs/library.ts";
import { type ServedStudio, type StudioOptions, serveStudio } from "../studio/server/studio.ts";
import { hasChromium, launchChromium } from "./chromium.ts";

// Tests on pages are skipped where there is no browser, but in CI.
if (!hasChromium) {
  const message = "Expected Chromium for the page tests, found none; this installs it: npm run setup -- --test";
  if (process.env.CI) throw new Error(message);
  console.warn(`Skipped: ${message}`);
}

export { hasChromium };

let bundle: Promise<Map<string, string>> | null = null;
let browser: Promise<Browser> | null = null;

/** How a page is looked at. */
export interface View {
  /** Of the window, in pixels. */
  width?: number;
  colorScheme?: "light" | "dark";
  reducedMotion?: "reduce" | "no-preference";
  /** Where it begins: `/curves?runs=…`. */
  path?: string;
}

/** Closes the browser; for `afterAll`. */
export async function closeBrowser(): Promise<void> {
  const open = await browser;
  browser = null;
  await open?.close();
}

/** Serves the runs below some folders, and opens pages of it. */
export async function openStudio(
  folders: readonly string[],
  pace: Pace = { live: 150, rest: 600 },
  work?: StudioOptions["work"],
  port = 0,
) {
  bundle ??= bundlePages();
  const files = await bundle;
  const assets = { script: files.get("studio.js")!, style: files.get("studio.css")! };
  const served: ServedStudio = await serveStudio(folders, { port, assets, pace, work });
  const pages: Page[] = [];
  return {
    ...served,
    /** A page, and what went wrong in it: errors, refusals of the policy, requests that failed. */
    async page({ width = 1280, colorScheme = "light", reducedMotion = "no-preference", path = "/" }: View = {}) {
      browser ??= launchChromium();
      const height = width < 600 ? 844 : 800;
      const context = await (await browser).newContext({ viewport: { width, height }, colorScheme, reducedMotion });
      const page = await context.newPage();
      // What is awaited comes at once on a quiet machine; a crowded one is no fault of a page's.
      page.setDefaultTimeout(90_000);
      pages.push(page);
      const faults: string[] = [];
      page.on("pageerror", (error) => faults.push(error.message));
      page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
      await page.goto(served.address);
      await page.waitForURL(/\/$/);
      if (path !== "/") await page.goto(new URL(path, served.address).href);
      return { page, faults };
    },
    async [Symbol.asyncDispose]() {
      for (const page of pages) await page.context().close();
      await served.close();
    },
  };
}

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** What WCAG 2.2's A and AA, as far as axe-core tells, find wrong with a page: a line a rule, with the first place. */
export async function barriers(page: Page): Promise<string[]> {
  // Past the page's own policy, which lets in no script but ours.
  await page.evaluate(readFileSync(AXE, "utf8"));
  const found = await page.evaluate(`axe.run(document, {
    runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] },
  }).then(({ violations }) => violations.map(({ id, help, nodes }) => id + ": " + help + " (" + nodes.length + "): " + nodes[0].html.slice(0, 200) + " " + (nodes[0].any[0]?.message ?? "")))`);
  return found as string[];
}

/**
 * Looks at a page at 1280 and 390 px, light and dark: nothing may be wider than the window, and axe-core may find no barrier. Pictures
 * are kept under `name`, where asked for.
 *
 * @returns what is wrong, a line each
 */
export async function lookedAt(page: Page, name: string): Promise<string[]> {
  const wrong: string[] = [];
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: width < 600 ? 844 : 800 });
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      // Charts are drawn again in other colours.
      await page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))");
      const view = `${name}-${width}-${colorScheme}`;
      await shoot(page, view);
      const wide = await tooWide(page);
      if (wide > 0) wrong.push(`${view}: ${wide} px wider than the window`);
      for (const barrier of await barriers(page)) wrong.push(`${view}: ${barrier}`);
    }
  }
  return wrong;
}

/** How many pixels a page is wider than its window. */
export async function tooWide(page: Page): Promise<number> {
  const found = await page.evaluate(
    "Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)",
  );
  return Number(found);
}

/** Keeps a picture where `UNLABEL_SHOTS` names a folder. */
export async function shoot(page: Page, name: string): Promise<void> {
  const folder = process.env.UNLABEL_SHOTS;
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
