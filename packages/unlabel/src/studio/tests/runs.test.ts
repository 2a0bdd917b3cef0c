// The table of runs as a person has it, in Chromium.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../../testing/data.ts";
import { writeRun } from "../../testing/run-fixture.ts";
import { closeBrowser, hasChromium, lookedAt, openStudio } from "../../testing/studio.ts";

describe.runIf(hasChromium)("the table of runs", { timeout: 180_000 }, () => {
  const folder = temporaryFolder();
  beforeAll(async () => {
    await writeRun(join(folder.path, "one"), { steps: 60, top1: 0.61 });
    await writeRun(join(folder.path, "two"), { method: "mae", steps: 30, top1: null, run: { status: "interrupted" } });
    for (const seed of [0, 1]) await writeRun(join(folder.path, "both", `simclr-${seed}`), { steps: 40, seed });
    writeFileSync(join(folder.path, "both", "compare.json"), "{}");
    const hostile = join(folder.path, `<img src=x onerror="document.title='owned'">`);
    mkdirSync(hostile);
    writeFileSync(join(hostile, "run.json"), "{");
  });
  afterAll(async () => {
    await closeBrowser();
    folder[Symbol.dispose]();
  });

  it("shows every run, sorted and filtered, each state in the address", async () => {
    await using studio = await openStudio([folder.path]);
    const { page, faults } = await studio.page();
    const names = () => page.locator("[data-run] .run-name").allTextContents();
    await expect.poll(names).toHaveLength(5);
    expect(await page.locator("tr.group").textContent()).toContain("both 2 runs");
    await page.locator("thead button", { hasText: "Run" }).click();
    expect(new URL(page.url()).search).toBe("?sort=name");
    await page.keyboard.press("/");
    await page.keyboard.type("mae two");
    await expect.poll(names).toEqual(["two"]);
    expect(new URL(page.url()).searchParams.get("filter")).toBe("mae two");
    await page.reload();
    await expect.poll(names).toEqual(["two"]);
    expect(await page.locator("[data-run] td.n").last().textContent()).toBe("–");
    expect(await page.title()).toBe("Runs · unlabel studio");
    await page.keyboard.press("/");
    await page.keyboard.type(" nothing");
    await page.getByRole("button", { name: "Show all" }).click();
    await expect.poll(names).toHaveLength(5);
    expect(faults).toEqual([]);
  });

  it("at both widths, in both themes: nothing wider than the screen, no barrier", async () => {
    await using studio = await openStudio([folder.path]);
    const { page, faults } = await studio.page();
    await page.locator("[data-run]").nth(4).waitFor();
    await page.locator("[data-run] input").first().check();
    expect(await lookedAt(page, "runs")).toEqual([]);
    await page.keyboard.press("?");
    expect(await lookedAt(page, "help")).toEqual([]);
    expect(faults).toEqual([]);
  });
});
