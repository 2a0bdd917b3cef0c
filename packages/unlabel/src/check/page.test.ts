import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pageFile } from "../page/page-file.ts";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { makeTiff } from "../testing/tiff.ts";
import { checkData } from "./check.ts";
import { writePage } from "./page.ts";

describe("the page", () => {
  it("holds the pictures, loads nothing, and leaves names as text", async () => {
    using folder = temporaryFolder();
    const evil = "<img src=x onerror=alert(1)>.png";
    await writeImages(folder.path, ["a.png", "b.png", evil], 48);
    cpSync(join(folder.path, evil), join(folder.path, "copy.png"));
    writeFileSync(join(folder.path, "broken.jpg"), "nothing");
    const out = join(folder.path, "page.html");
    await writePage(await checkData(folder.path, { presets: [] }), pageFile("--html", out));
    const page = readFileSync(out, "utf8");
    expect(page).toContain("&lt;img src=x onerror=alert(1)&gt;.png");
    expect(page).not.toContain("<img src=x");
    // Both copies, and the four that can be read on the contact sheet.
    expect(page.match(/src="data:image\/webp;base64,/g)).toHaveLength(2 + 4);
    expect(page).not.toMatch(/(src|href)="(?!data:|#)/);
    expect(page).toContain("not an image that can be read");
  });
});

describe("the page's place", () => {
  it("is a new file or a page of ours, and nothing else", async () => {
    using folder = temporaryFolder();
    const at = (name: string) => join(folder.path, name);
    for (const name of ["notes.html", "photo.png"]) writeFileSync(at(name), "mine");
    writeFileSync(at("check.html.tmp"), "mine, too");
    mkdirSync(at("folder.html"));
    symlinkSync(at("photo.png"), at("link.html"));
    for (const name of ["notes.html", "photo.png", "folder.html", "link.html"])
      expect(() => pageFile("--html", at(name)), name).toThrow(/^Expected a .*name (another|a file in it)$/);
    await writeImages(at("data"), ["a.png"], 40);
    for (let time = 0; time < 2; time++)
      await writePage(await checkData(at("data"), { presets: [] }), pageFile("--html", at("check.html")));
    expect(readFileSync(at("check.html"), "utf8")).toContain("only 1 training image");
    expect(["notes.html", "photo.png"].map((name) => readFileSync(at(name), "utf8"))).toEqual(["mine", "mine"]);
    expect(readFileSync(at("check.html.tmp"), "utf8")).toBe("mine, too");
  });
});

const CHROMIUM = "/usr/bin/chromium";
const present = existsSync(CHROMIUM);
if (!present) console.warn(`Skipped: Expected Chromium at ${CHROMIUM} for the page tests`);

describe.runIf(present)("in a browser", () => {
  const folder = temporaryFolder();
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
    const long = "a_very_long_name_without_any_space_in_it_that_would_push_the_page_wider_than_its_screen";
    const data = join(folder.path, "data");
    await writeImages(data, [`train/${long}/${long}.png`, `val/${long}/one.png`], 300, 60);
    await writeImages(
      data,
      Array.from({ length: 9 }, (_, i) => `train/tiny-${long}/${i}-${long}.png`),
      16,
      90,
    );
    cpSync(join(data, `train/${long}/${long}.png`), join(data, `val/${long}/${long}.png`));
    writeFileSync(join(data, `train/${long}/broken-${long}.png`), "nothing");
    await writePage(await checkData(data, { presets: [] }), pageFile("--html", join(folder.path, "page.html")));
  });
  afterAll(async () => {
    await browser?.close();
    folder[Symbol.dispose]();
  });

  it("shows images of many bands, and their values by class, at every width in both themes", async () => {
    const data = join(folder.path, "bands");
    const name = "a_long_name_of_a_class_without_any_space_in_it";
    for (const [c, one] of [name, "other"].entries()) {
      mkdirSync(join(data, one), { recursive: true });
      for (let i = 0; i < 3; i++) {
        const values = Uint16Array.from({ length: 40 * 40 * 5 }, (_, at) => 100 * c + ((at * (i + 3)) % 977));
        writeFileSync(join(data, one, `${i}.tif`), makeTiff({ width: 40, height: 40, bands: 5, data: values }));
      }
    }
    const out = pageFile("-o", join(folder.path, "bands.html"));
    await writePage(await checkData(data, { presets: [] }), out);
    for (const colorScheme of ["light", "dark"] as const)
      for (const width of [1280, 400]) {
        const page = await browser.newPage({ viewport: { width, height: 844 }, colorScheme });
        await page.goto(pathToFileURL(out).href);
        if (process.env.UNLABEL_SHOTS)
          await page.screenshot({
            path: join(process.env.UNLABEL_SHOTS, `bands-${width}-${colorScheme}.png`),
            fullPage: true,
          });
        const found = await page.evaluate(`({
          wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
          spills: [...document.querySelectorAll(".contact figure")].filter((one) => one.scrollWidth > one.clientWidth).length,
          shown: [...document.querySelectorAll(".contact img")].filter((one) => one.complete && one.naturalWidth === 40).length,
          bands: [...document.querySelectorAll(".values th[scope=rowgroup]")].map((one) => one.firstChild.textContent.trim()),
          bars: [...document.querySelectorAll(".values .bar")].filter((one) => one.getBoundingClientRect().width > 10).length,
        })`);
        const bands = [1, 2, 3, 4, 5].map((band) => `Band ${band}`);
        expect(found, `${width} ${colorScheme}`).toEqual({ wide: 0, spills: 0, shown: 6, bands, bars: 15 });
        await page.close();
      }
  });

  it.each([1280, 400, 320])("fits %i px, and no caption lies over another", async (width) => {
    const page = await browser.newPage({ viewport: { width, height: 844 } });
    await page.goto(pathToFileURL(join(folder.path, "page.html")).href);
    if (process.env.UNLABEL_SHOTS)
      await page.screenshot({ path: join(process.env.UNLABEL_SHOTS, `${width}.png`), fullPage: true });
    const found = await page.evaluate(`({
      wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      spills: [...document.querySelectorAll(".sheet figure, .copies > div")].filter((one) => one.scrollWidth > one.clientWidth).length,
      shown: document.querySelectorAll(".sheet figure").length,
    })`);
    expect(found).toEqual({ wide: 0, spills: 0, shown: 14 });
    await page.close();
  });
});
