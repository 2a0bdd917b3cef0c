// Map, search, playground, data and labels as a person has them: in Chromium, on runs that were trained a moment ago.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadLabelRows } from "../../data/labels-file.ts";
import { search } from "../../eval/search.ts";
import { temporaryFolder, writeImages } from "../../testing/data.ts";
import { barriers, closeBrowser, hasChromium, openStudio, shoot, tooWide } from "../../testing/studio.ts";
import { pretrain } from "../../train/pretrain.ts";
import { WorkHere } from "../atlas/work.ts";

const QUIET = { write: () => true };

describe.runIf(hasChromium)("images in the studio", { timeout: 180_000 }, () => {
  const folder = temporaryFolder();
  const at = (...parts: string[]) => join(folder.path, ...parts);
  const data = at("images");
  let studio: Awaited<ReturnType<typeof openStudio>>;
  let ids: Record<string, string>;
  const names = ["ant", "bee <img src=x onerror=alert(1)>", "cat"].flatMap((kind) =>
    Array.from({ length: 68 }, (_, i) => `${kind}/${i}.png`),
  );

  beforeAll(async () => {
    await writeImages(data, names, 40);
    const common = {
      size: 32,
      batch: 16,
      steps: 2,
      epochs: 1,
      warmup_epochs: 0,
      device: "cpu",
      precision: "fp32",
      threads: 1,
    };
    const mae = { ...common, method: "mae", encoder: "vit_tiny", patch: 8, decoder_width: 32, decoder_depth: 1 };
    for (const [name, flags] of [
      ["mae", mae],
      [
        "simclr",
        { ...common, method: "simclr", encoder: "vit_tiny", patch: 16, projection_hidden: 32, projection_dim: 16 },
      ],
    ] as const) {
      await pretrain({ data, settings: { flags }, out: at("runs", name), stream: QUIET });
    }
    studio = await openStudio([folder.path], undefined, (roots) => new WorkHere(roots));
    await studio.runs.start();
    ids = Object.fromEntries(studio.runs.all().map(({ id, name }) => [name.split("/").at(-1)!, id]));
  });
  afterAll(async () => {
    await studio?.[Symbol.asyncDispose]();
    await closeBrowser();
    folder[Symbol.dispose]();
  });

  /** A page is as it should be at both widths and in both themes. */
  async function fine(page: Page, faults: string[], name: string) {
    for (const [width, scheme] of [
      [1280, "light"],
      [390, "dark"],
    ] as const) {
      await page.setViewportSize({ width, height: width < 600 ? 844 : 800 });
      await page.emulateMedia({ colorScheme: scheme });
      await page.waitForTimeout(150);
      await shoot(page, `${name}-${width}-${scheme}`);
      expect(await tooWide(page)).toBe(0);
      expect(await barriers(page)).toEqual([]);
    }
    expect(faults).toEqual([]);
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.emulateMedia({ colorScheme: "light" });
  }

  it("maps two runs side by side, with one selection by line, by key and by list", async () => {
    const { page, faults } = await studio.page({ path: `/map?runs=${ids.mae},${ids.simclr}` });
    const draw = page.getByRole("button", { name: "Draw the map" });
    await draw.nth(1).click();
    await draw.first().click();
    const canvases = page.locator(".map > canvas");
    await expect.poll(() => canvases.count(), { timeout: 90_000 }).toBe(2);
    await page.getByText("204 images, PCA").first().waitFor();
    // A line around everything on the first one.
    await page.keyboard.press("l");
    const box = (await canvases.first().boundingBox())!;
    const [left, top, right, bottom] = [box.x + 3, box.y + 3, box.x + box.width - 3, box.y + box.height - 3];
    await page.mouse.move(left, top);
    await page.mouse.down();
    for (const [x, y] of [
      [right, top],
      [right, bottom],
      [left, bottom],
    ] as const)
      await page.mouse.move(x, y, { steps: 4 });
    await page.mouse.up();
    await page.getByRole("heading", { name: "204 chosen" }).waitFor();
    await fine(page, faults, "map");
    const [list] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Save as a list" }).click(),
    ]);
    const text = readFileSync(await list.path(), "utf8");
    expect(text.split("\n")[0]).toBe("path,split,class");
    expect(
      text
        .trim()
        .split("\n")
        .slice(1)
        .map((line) => line.split(",")[0])
        .sort(),
    ).toEqual([...names].sort());

    // By keyboard alone: none, then one by the arrow keys and space.
    await page.keyboard.press("Escape");
    await canvases.nth(1).focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Space");
    await page.getByRole("heading", { name: "1 chosen" }).waitFor();
    await page.keyboard.press("v");
    await page.getByRole("heading", { name: "204 chosen" }).waitFor();
    // What sets a class apart stands in the address, and a name from a stranger is only a name.
    await page.getByRole("button", { name: /^bee <img/ }).click();
    await expect.poll(() => page.url()).toContain("only=1");
    await page.reload();
    await page.getByRole("button", { name: /^bee <img/, pressed: true }).waitFor();
    expect(faults).toEqual([]);
  });

  it("shows the images themselves where one is near enough, in sheets of a hundred at most", async () => {
    const { page, faults } = await studio.page({ path: `/map?runs=${ids.simclr}` });
    await page.locator(".map > canvas").waitFor();
    const sheets: string[] = [];
    page.on("request", (request) => request.url().includes("/sheet?") && sheets.push(request.url()));
    for (let i = 0; i < 4; i++) await page.keyboard.press("+");
    await expect.poll(() => sheets.length).toBeGreaterThan(0);
    expect(Math.max(...sheets.map((url) => url.split("images=")[1]!.split(",").length))).toBeLessThanOrEqual(100);
    expect(faults).toEqual([]);
  });

  it("finds what `unlabel search` finds, with a picture that is dropped, in two runs side by side", async () => {
    const { page, faults } = await studio.page({ path: `/search?runs=${ids.mae},${ids.simclr}` });
    await page.locator('input[type="file"]').setInputFiles(join(data, names[17]!));
    const answer = page.getByRole("region", { name: /Nearest by .*simclr/ });
    await answer.locator("li").nth(11).waitFor({ timeout: 90_000 });
    const shown = await answer
      .locator("li .sprite")
      .evaluateAll((all) => all.map((one) => one.getAttribute("title")!.replace(/, similarity .*/, "")));
    const { found } = await search(at("runs", "simclr"), join(data, names[17]!), data, {
      k: 12,
      stream: QUIET,
      device: "cpu",
    });
    expect(shown).toEqual(found.map(({ path }) => path));
    await page
      .getByRole("region", { name: /Nearest by .*mae/ })
      .locator("li")
      .nth(11)
      .waitFor();
    await fine(page, faults, "search");
    // On from one of those found.
    await answer.getByRole("button", { name: `Search with ${found[3]!.path}` }).click();
    await expect.poll(() => page.url()).toMatch(new RegExp(`runs=${ids.simclr},${ids.mae}.*image=\\d+`));
    await page
      .locator('input[type="file"]')
      .setInputFiles({ name: "no.png", mimeType: "image/png", buffer: Buffer.from("no picture") });
    await page.getByText("Expected a picture, got what cannot be read").first().waitFor();
  });

  it("fills in what is painted over, by mouse and by keyboard", async () => {
    const { page, faults } = await studio.page({ path: `/masked?runs=${ids.mae}` });
    await page.getByText("12 of 16 patches are hidden").waitFor({ timeout: 90_000 });
    await page.keyboard.press("e");
    await page.getByText("1 of 16 patches are hidden").waitFor();
    const canvas = page.getByRole("application", { name: /Paint what is hidden/ });
    const box = (await canvas.boundingBox())!;
    const middle = (k: number) => ((k + 0.5) * box.width) / 4;
    await page.mouse.move(box.x + middle(0), box.y + middle(0));
    await page.mouse.down();
    await page.mouse.move(box.x + middle(3), box.y + middle(0), { steps: 8 });
    await page.mouse.up();
    await page.getByText("5 of 16 patches are hidden").waitFor();
    await canvas.focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Space");
    await page.getByText("6 of 16 patches are hidden").waitFor();
    const address = page.url();
    await page.reload();
    await page.getByText("6 of 16 patches are hidden").waitFor();
    expect(page.url()).toBe(address);
    await fine(page, faults, "masked");
  });

  it("checks the images, and shows those concerned", async () => {
    const { page, faults } = await studio.page({ path: "/data" });
    await page.getByRole("button", { name: "Check these images" }).click();
    await page.getByRole("heading", { name: "As people see them" }).waitFor({ timeout: 90_000 });
    await page.getByRole("cell", { name: "68" }).first().waitFor();
    await fine(page, faults, "data");
  });

  it("takes 200 labels by keyboard, each in the file, and goes on after a reload", async () => {
    const { page, faults } = await studio.page({ path: `/label?runs=${ids.mae},${ids.simclr}&file=mine.csv` });
    await page.getByRole("button", { name: "Begin, or go on" }).click();
    await page.locator('[data-shown="0"]').waitFor({ timeout: 90_000 });
    const kinds = ["ant", "bee", "cat"];
    /** The kind of the image after so many answers, once it can be seen: one question to the browser, not two. */
    const kindAt = async (answers: number) => {
      const name = await page.evaluate(`new Promise((seen) => {
        const look = () => document.querySelector('[data-shown="${answers}"]')
          ? seen(document.querySelector(".label-main figcaption").textContent)
          : requestAnimationFrame(look);
        look();
      })`);
      return String(name).split("/")[0]!.split(" ")[0]!;
    };
    const known: string[] = [];
    const label = async (answers: number) => {
      const kind = await kindAt(answers);
      const key = known.indexOf(kind);
      if (key >= 0) await page.keyboard.press(String(key + 1));
      else {
        // Typed on at once: no letter may be lost, however busy the machine.
        if (known.length > 0) await page.keyboard.press("n");
        await page.keyboard.type(kind);
        await page.keyboard.press("Enter");
        known.push(kind);
      }
    };
    for (let i = 0; i < 200; i++) await label(i);
    await page.locator('[data-shown="200"]').waitFor();
    const rows = loadLabelRows(at("mine.csv"));
    expect(rows).toHaveLength(200);
    expect(rows.every(({ path, label: said }) => path.startsWith(said!) && kinds.includes(said!))).toBe(true);
    await page.keyboard.press("u");
    await page.locator('[data-shown="199"]').waitFor();
    await page.keyboard.press("s");
    await page.locator('[data-shown="200"]').waitFor();
    expect(loadLabelRows(at("mine.csv")).at(-1)!.label).toBeNull();
    await page.reload();
    await page.locator('[data-shown="200"]').waitFor();
    await fine(page, faults, "label");
    await page.getByRole("button", { name: "Leave" }).click();
  });

  it("labels in two windows: an answer that comes too late, or to a session that has ended, is said not to be taken", async () => {
    const path = `/label?runs=${ids.mae}&file=two.csv`;
    const { page: one } = await studio.page({ path });
    await one.getByRole("button", { name: "Begin, or go on" }).click();
    await one.locator('[data-shown="0"]').waitFor();
    const { page: two } = await studio.page({ path: `${path}&session=on` });
    await two.locator('[data-shown="0"]').waitFor();
    for (const page of [one, two]) {
      await page.keyboard.type(page === one ? "ant" : "bee");
      await page.keyboard.press("Enter");
      await page.locator('[data-shown="1"]').waitFor();
    }
    expect(loadLabelRows(at("two.csv")).map(({ label }) => label)).toEqual(["ant"]);
    await two.getByText("Your answer was not taken").waitFor();
    // What was typed is still there, for the image that is shown now.
    expect(await two.locator(".label-side form input").inputValue()).toBe("bee");
    await two.keyboard.press("Enter");
    await two.locator('[data-shown="2"]').waitFor();
    expect(await two.getByText("Your answer was not taken").count()).toBe(0);
    await one.getByRole("button", { name: "Leave" }).click();
    await one.getByRole("button", { name: "Begin, or go on" }).waitFor();
    await two.keyboard.press("s");
    await two.getByText("is open again. Your last answer was not taken").waitFor();
    await two.locator('[data-shown="2"]').waitFor();
    expect(loadLabelRows(at("two.csv")).map(({ label }) => label)).toEqual(["ant", "bee"]);
    await two.keyboard.press("s");
    await two.locator('[data-shown="3"]').waitFor();
    expect(loadLabelRows(at("two.csv"))).toHaveLength(3);
  });
});
