// A real training beside the studio: it appears, its curve grows, Ctrl-C ends it, and the page says so.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder, writeImages } from "../../testing/data.ts";
import { closeBrowser, hasChromium, openStudio, shoot } from "../../testing/studio.ts";

const BIN = join(import.meta.dirname, "../../../bin/unlabel.mjs");

describe.runIf(hasChromium)("beside a training", () => {
  const folder = temporaryFolder();
  const images = join(folder.path, "images");
  const runs = join(folder.path, "runs");
  let training: ChildProcess | null = null;
  beforeAll(async () => {
    const names = Array.from({ length: 16 }, (_, i) => `${i}.png`);
    await writeImages(images, names, 32, 32);
    await writeImages(runs, ["not-a-run.png"], 8, 8);
  });
  afterAll(async () => {
    training?.kill("SIGKILL");
    await closeBrowser();
    folder[Symbol.dispose]();
  });

  it("a run begins, grows, is interrupted, and every page follows without moving", async () => {
    await using studio = await openStudio([runs]);
    const { page, faults } = await studio.page();
    await page.getByRole("heading", { name: "No runs yet" }).waitFor();
    const settings = ["--method", "simclr", "--preset", "small", "--size", "32", "--batch", "8", "--threads", "1"];
    const small = ["encoder=vit_tiny", "patch=16", "health_every=0", "online=false"].flatMap((one) => ["--set", one]);
    const rest = [...small, "--epochs", "100000", "--out", join(runs, "first")];
    training = spawn(process.execPath, [BIN, "pretrain", images, ...settings, ...rest], { stdio: "ignore" });
    const row = page.locator("[data-run]");
    await row.locator(".status.live").waitFor({ timeout: 60_000 });
    await row.getByRole("link").click();
    await page.waitForURL(/\/run\/[0-9a-f]{12}$/);
    const steps = async () =>
      Number((await page.locator(".figures dd").first().textContent())!.split("of")[0]!.replace(/\D/g, ""));
    const curve = page.getByRole("img", { name: /^Loss over steps/ });
    await expect.poll(steps, { timeout: 60_000 }).toBeGreaterThan(1);
    const place = () =>
      page.evaluate(
        'JSON.stringify([...document.querySelectorAll(".figures dd, .verdict, .major .plot, #next")].map((one) => { const { top, left, width } = one.getBoundingClientRect(); return [top + scrollY, left, width]; }))',
      );
    // What is told of the run comes a moment after its curves.
    await page.locator("#next").waitFor();
    const [before, where, said] = [await steps(), await place(), await curve.getAttribute("aria-label")];
    await expect.poll(steps, { timeout: 60_000 }).toBeGreaterThan(before);
    await expect.poll(() => curve.getAttribute("aria-label"), { timeout: 10_000 }).not.toBe(said);
    expect(await place()).toBe(where);
    await shoot(page, "run-live");
    training.kill("SIGINT");
    await once(training, "exit");
    await page.locator(".run-what .status.interrupted").waitFor({ timeout: 15_000 });
    // What is told of the run comes a moment after its status.
    await expect.poll(() => page.locator(".commands code").first().textContent()).toContain("pretrain --resume --out");
    await page.keyboard.press("Escape");
    await row.locator(".status.interrupted").waitFor();
    // Whoever asked for little motion sees none.
    await page.emulateMedia({ reducedMotion: "reduce" });
    expect(await page.evaluate('getComputedStyle(document.querySelector(".status path")).animationName')).toBe("none");
    expect(faults).toEqual([]);
  }, 240_000);
});
