// A run's page and curves of several, as a person has them, in Chromium: read, moved through by keyboard, and not taken in by strangers.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../../testing/data.ts";
import { writeRun } from "../../testing/run-fixture.ts";
import { closeBrowser, hasChromium, lookedAt, openStudio } from "../../testing/studio.ts";
import { idOf } from "../runs/library.ts";

const HOSTILE = `<img src=x onerror="document.title='owned'">`;

describe.runIf(hasChromium)("runs looked at", { timeout: 180_000 }, () => {
  const folder = temporaryFolder();
  const id = (name: string) => idOf(join(folder.path, name));
  const three = ["simclr-0", "simclr-1", "mae-0"].map(id).join(",");
  beforeAll(async () => {
    const health = { verdict: "dimensional-collapse", since: 12, text: "features vary in 1.2 directions of 512" };
    await writeRun(join(folder.path, "simclr-0"), {
      steps: 90,
      knn: 0.5,
      run: { health },
      skipped: [{ path: HOSTILE, reason: HOSTILE }],
    });
    await writeRun(join(folder.path, "simclr-1"), { steps: 60, seed: 1, top1: null });
    await writeRun(join(folder.path, "mae-0"), { steps: 80, method: "mae" });
    const run = {
      command: HOSTILE,
      error: HOSTILE,
      status: "failed",
      notes: [HOSTILE],
      chosen: [HOSTILE],
      about: { title: HOSTILE, paper: "javascript:alert(1)", loss: HOSTILE },
      health: { verdict: HOSTILE, since: null, text: HOSTILE },
    };
    await writeRun(join(folder.path, HOSTILE.replaceAll("/", "")), { steps: 20, run, config: { preset: HOSTILE } });
    const rows = [1, 2].map((step) => ({ step, seconds: step, [`train/${HOSTILE}`]: step }));
    writeFileSync(join(folder.path, HOSTILE, "metrics.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  });
  afterAll(async () => {
    await closeBrowser();
    folder[Symbol.dispose]();
  });

  it("a run: figures, verdict, curves, scores beside baselines, skipped files, commands; the next by a key", async () => {
    await using studio = await openStudio([folder.path]);
    await studio.runs.start();
    const { page, faults } = await studio.page({ path: `/run/${id("simclr-0")}` });
    await page.locator("#scores tbody tr").first().waitFor();
    expect(await page.locator(".figures dd").allTextContents()).toEqual(
      expect.arrayContaining(["90of 1,480", "1.46\u00a0GBat most", "58.0\u00a0%40.7\u00a0% untrained"]),
    );
    expect(await page.locator(".verdict").textContent()).toBe(
      "dimensional collapse Features vary in 1.2 directions of 512",
    );
    expect(await page.locator("#scores tbody tr").first().locator("td, th").allTextContents()).toEqual(
      expect.arrayContaining(["linear probe", "58.0\u00a0%", "40.7\u00a0%", "31.2\u00a0%"]),
    );
    expect(await page.locator("#skipped li").textContent()).toBe(`${HOSTILE} ${HOSTILE}`);
    const loss = page.getByRole("img", { name: /^Loss over steps, last Loss \d/ });
    await loss.focus();
    await page.keyboard.press("ArrowLeft");
    await expect.poll(() => page.locator("p.heard").textContent()).toMatch(/^step \d+: Loss [\d.]+$/);
    expect(await page.locator(".major .read").textContent()).toMatch(/^step \d+/);
    await page.getByRole("radio", { name: "Minutes" }).check({ force: true });
    expect(new URL(page.url()).search).toBe("?x=minutes");
    await page.getByRole("img", { name: /^Loss over minutes/ }).waitFor();
    await page.locator("h1").click();
    const saved = page.waitForEvent("download");
    await page.keyboard.press("s");
    expect((await saved).suggestedFilename()).toBe("report-simclr-0.html");
    await page.keyboard.press("?");
    expect(await page.locator("dialog").textContent()).toContain("save a report");
    await page.keyboard.press("Escape");
    await page.locator("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("g");
    await page.keyboard.press("r");
    await page.waitForURL((url) => url.pathname === "/");
    await page.goBack();
    await page.waitForURL(/\/run\//);
    expect(faults).toEqual([]);
  });

  it("curves: seeds as a band, over minutes, logarithms, zoom, differences alone; all in the address", async () => {
    await using studio = await openStudio([folder.path]);
    await studio.runs.start();
    const { page, faults } = await studio.page();
    for (const name of ["simclr-0", "simclr-1", "mae-0"]) {
      await page.locator("[data-run] a", { hasText: name }).focus();
      await page.keyboard.press("x");
    }
    await page.getByText("3 picked", { exact: true }).first().waitFor();
    await page.keyboard.press("c");
    await page.waitForURL((url) => url.pathname === "/curves" && url.searchParams.get("runs") === three);
    await expect.poll(() => page.locator(".legend li .run-name").allTextContents()).toEqual(["simclr", "mae-0"]);
    const settings = await page.locator(".differences tbody th").allTextContents();
    expect(settings).toContain("seed");
    expect(settings).toContain("method");
    expect(settings).not.toContain("size");
    await page.locator("h2").click();
    for (const key of ["x", "l", "]"]) await page.keyboard.press(key);
    const { searchParams } = new URL(page.url());
    expect(Object.fromEntries(searchParams)).toEqual({ runs: three, x: "minutes", log: "y", smooth: "0.1" });
    await page.keyboard.press("b");
    await expect.poll(() => page.locator(".legend li").count()).toBe(3);
    const plot = (await page.locator(".u-over").boundingBox())!;
    await page.mouse.move(plot.x + 100, plot.y + 50);
    await page.mouse.down();
    await page.mouse.move(plot.x + 300, plot.y + 50, { steps: 4 });
    await page.mouse.up();
    await expect.poll(() => new URL(page.url()).searchParams.get("zoom")).toMatch(/^[\d.]+:[\d.]+$/);
    const address = page.url();
    await page.reload();
    await page.getByRole("button", { name: "Show all" }).waitFor();
    expect(page.url()).toBe(address);
    await page.getByRole("combobox").selectOption("online/knn_top1");
    await page.getByRole("img", { name: /^kNN while training over minutes/ }).waitFor();
    await page.getByRole("button", { name: "Leave out simclr-1" }).click();
    await expect.poll(() => page.locator(".legend li").count()).toBe(2);
    expect(faults).toEqual([]);
  });

  it("names, texts and metrics of a stranger stay text", async () => {
    await using studio = await openStudio([folder.path]);
    await studio.runs.start();
    const { page, faults } = await studio.page({ path: `/run/${id(HOSTILE)}` });
    await page.locator(".charts .chart").nth(4).waitFor();
    expect(await page.locator("h1 bdi").textContent()).toBe(HOSTILE);
    expect(await page.locator("article").textContent()).toContain(`The loss: ${HOSTILE}`);
    expect(await page.locator("article img, article script, article [onerror]").count()).toBe(0);
    expect(await page.locator('article a[href^="javascript"]').count()).toBe(0);
    await page.goto(
      new URL(`/curves?runs=${id(HOSTILE)},${id("mae-0")}&metric=%3Cimg%3E&zoom=a:b&x=toString`, page.url()).href,
    );
    await page.locator(".legend li").nth(1).waitFor();
    expect(await page.title()).toBe("Curves · unlabel studio");
    expect(faults).toEqual([]);
  });

  it("a run whose folder is removed while it is open says so, and stays as it was", async () => {
    await writeRun(join(folder.path, "leaves"), { steps: 5, top1: null });
    await using studio = await openStudio([folder.path]);
    await studio.runs.start();
    const { page, faults } = await studio.page({ path: `/run/${id("leaves")}` });
    await page.locator(".figures dd").nth(7).waitFor();
    expect(await page.title()).toBe("leaves · unlabel studio");
    // A page that has just been opened asks a second time, for what it may have missed.
    await page.waitForTimeout(1_500);
    rmSync(join(folder.path, "leaves"), { recursive: true });
    await page.getByText("Its folder has been moved or removed").waitFor();
    expect(await page.locator(".figures dd").first().textContent()).toBe("5of 1,480");
    expect(await page.locator(".run-what .status").count()).toBe(0);
    expect(faults).toEqual([]);
  });

  it("at both widths, in both themes: nothing wider than the screen, no barrier", async () => {
    await using studio = await openStudio([folder.path]);
    await studio.runs.start();
    const { page } = await studio.page({ path: `/run/${id("simclr-0")}` });
    await page.locator("#scores tbody tr").first().waitFor();
    expect(await lookedAt(page, "run")).toEqual([]);
    await page.goto(new URL(`/curves?runs=${three}`, page.url()).href);
    await page.locator(".differences td").first().waitFor();
    expect(await lookedAt(page, "curves")).toEqual([]);
  });
});
