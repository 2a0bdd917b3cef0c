// The table of runs as a person has it, in Chromium.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
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

  it("leaves columns out where there is little room, and never a run's name", async () => {
    await using studio = await openStudio([folder.path]);
    const { page, faults } = await studio.page();
    await page.locator("[data-run]").nth(4).waitFor();
    for (const width of [1440, 1280, 1249, 1233, 1232, 1100, 1057, 1056, 900, 897, 896, 800, 737, 736, 600, 390]) {
      await page.setViewportSize({ width, height: 800 });
      const found = await page.evaluate(`({
        name: Math.min(...[...document.querySelectorAll("[data-run] .name")].map((one) => one.getBoundingClientRect().width)),
        left: ((cell) => {
          cell.textContent = "55.6\\u00a0min";
          return cell.scrollWidth - cell.clientWidth;
        })(document.querySelector('[data-run] [data-column="eta"]')),
        wide: document.querySelector(".runs-table").scrollWidth - document.querySelector(".runs-table").clientWidth,
        cells: [...document.querySelectorAll("tr")].map((row) => [...row.children].filter((cell) => getComputedStyle(cell).display !== "none").length),
      })`);
      const { name, left, wide, cells } = found as { name: number; left: number; wide: number; cells: number[] };
      expect(left, `${width} px`).toBe(0);
      expect(name, `${width} px`).toBeGreaterThan(105);
      expect(wide, `${width} px`).toBe(0);
      // Each row has a cell in every column that is there.
      expect(new Set(cells).size, `${width} px`).toBe(1);
    }
    expect(faults).toEqual([]);
  });

  it("goes on after the studio has been started anew, once its address is opened", async () => {
    const first = await openStudio([folder.path]);
    const { page } = await first.page();
    await page.locator("[data-run]").nth(4).waitFor();
    await first.close();
    await page.getByText("Not connected").waitFor();
    await writeRun(join(folder.path, "three"), { steps: 5 });
    const { port } = first;
    await using again = await openStudio([folder.path], undefined, undefined, port);
    // Its token is another.
    await page.waitForTimeout(4_000);
    expect(await page.getByText("Not connected").count()).toBe(1);
    const other = await page.context().newPage();
    await other.goto(again.address);
    await other.locator("[data-run]").nth(5).waitFor();
    await page.locator("[data-run]").nth(5).waitFor();
    await expect.poll(() => page.getByText("Not connected").count()).toBe(0);
    rmSync(join(folder.path, "three"), { recursive: true });
    await page.context().close();
  });

  it("asks for no line of its own while nobody sees it: a browser has six for all its tabs", async () => {
    await using studio = await openStudio([folder.path]);
    const { page } = await studio.page();
    const behind = await page.context().newPage();
    await behind.addInitScript("Object.defineProperty(document, 'hidden', { get: () => !globalThis.seen })");
    const asked: string[] = [];
    behind.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await behind.goto(new URL("/", studio.address).href);
    await behind.locator("[data-run]").nth(4).waitFor();
    expect(asked).toContain("/api/runs");
    expect(asked).not.toContain("/api/events");
    await behind.evaluate("globalThis.seen = true; document.dispatchEvent(new Event('visibilitychange'))");
    await expect.poll(() => asked).toContain("/api/events");
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
