import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openImages } from "../data/open-images.ts";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { fitted } from "./fit.ts";
import { plan } from "./plan.ts";

const SETTINGS = { channels: "auto", bands: null, range: "auto", tiles: null } as const;

async function images(folder: string) {
  await writeImages(
    folder,
    Array.from({ length: 12 }, (_, i) => `${i}.jpg`),
    40,
  );
  return openImages(folder, SETTINGS, 0);
}

describe("a plan of preset auto", () => {
  it("is fitted to its images, and says so", async () => {
    using folder = temporaryFolder();
    const data = await images(folder.path);
    const asked = plan({ data: folder.path, settings: { flags: { lr: 0.002 } }, out: join(folder.path, "run") });
    const { plan: found, reasons } = await fitted(asked, data, "cpu");
    expect(found.config).toMatchObject({ method: "simclr", preset: "auto", batch: 3, lr: 0.002 });
    expect(reasons[0]).toBe("preset auto for 12 images of 40 px (short side, median), on a CPU");
    expect(reasons[1]).toMatch(/^method simclr: .* compare DATA --budget 20m /);
    expect(reasons).toContain("batch 3: 12 images make few batches");
  });

  it("takes facts that were found out before, such as a comparison's", async () => {
    using folder = temporaryFolder();
    const data = await images(folder.path);
    const facts = { images: 40, side: 300, channels: 3, device: "cpu" } as const;
    const request = { data: folder.path, settings: { flags: { method: "mae" } }, facts, out: join(folder.path, "run") };
    const { plan: found, reasons } = await fitted(plan(request), data, "cpu");
    expect(found.config.batch).toBe(10);
    expect(reasons[0]).toContain("40 images of 300 px");
    expect(reasons.join()).not.toContain("method");
  });

  it("is left as it is with another preset", async () => {
    using folder = temporaryFolder();
    const data = await images(folder.path);
    const asked = plan({ data: folder.path, settings: { flags: { preset: "small" } }, out: join(folder.path, "run") });
    expect(await fitted(asked, data, "cpu")).toEqual({ plan: asked, reasons: [] });
  });
});
