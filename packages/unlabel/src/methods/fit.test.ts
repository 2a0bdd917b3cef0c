import { describe, expect, it } from "vitest";
import type { Settings } from "../config/settings.ts";
import { isVit } from "../encoders/facts.ts";
import type { About, Facts } from "./about.ts";
import { abouts } from "./abouts.ts";
import { about as dino } from "./dino/about.ts";
import { about as distill } from "./distill/about.ts";
import { fit } from "./fit.ts";
import type { MeasuredMethod } from "./measured-method.ts";
import { methods, resolveConfig } from "./registry.ts";
import { about as simclr } from "./simclr/about.ts";
import { about as simsiam } from "./simsiam/about.ts";

const PHOTOGRAPHS: Facts = { images: 9469, side: 160, channels: 3, device: "cpu" };

/** What images may be like, at the ends and between them. */
const KINDS: Facts[] = [1, 2, 7, 100, 500, 50_000, 1_300_000].flatMap((images) =>
  [1, 16, 28, 32, 64, 96, 224, 5000].flatMap((side) =>
    [1, 3, 13].flatMap((channels) =>
      (["cpu", "gpu"] as const).map((device): Facts => ({ images, side, channels, device })),
    ),
  ),
);

describe("preset auto", () => {
  it.each(methods().map(({ about }) => about.name))(
    "has settings of %s that make sense for images of any kind",
    (name) => {
      const about = abouts().find((one) => one.name === name)!;
      const seen = new Set<string>();
      for (const facts of KINDS) {
        const { settings } = fit(about, facts, {});
        // Many kinds of images get the same settings; once is enough to see that these make sense.
        const same = JSON.stringify([facts.channels, facts.images, settings]);
        if (seen.has(same)) continue;
        seen.add(same);
        const config = resolveConfig({ flags: { method: name, channels: facts.channels }, fitted: settings });
        expect(config).toMatchObject({ ...settings, preset: "auto" });
        expect(config.batch).toBeLessThanOrEqual(Math.max(2, facts.images));
      }
    },
  );

  it("says every choice and why, but for what the user has set", () => {
    const { settings, reasons } = fit(simclr, PHOTOGRAPHS, {});
    for (const key of Object.keys(settings)) expect(reasons.join("\n")).toContain(`${key} `);
    const own = fit(simclr, PHOTOGRAPHS, { batch: 32 });
    expect(own.reasons.join("\n")).not.toContain("batch ");
  });

  it("gives every method about as much arithmetic, and what is asked for where it is", () => {
    for (const about of abouts()) {
      const { settings } = fit(about, PHOTOGRAPHS, {});
      const config = resolveConfig({ flags: { method: about.name, channels: 3 }, fitted: settings });
      const operations = config.epochs * PHOTOGRAPHS.images * about.flops(config);
      expect.soft(operations / 1.2e14, about.name).toBeGreaterThan(0.7);
      expect.soft(operations / 1.2e14, about.name).toBeLessThan(1.5);
    }
    for (const length of [{ epochs: 3 }, { steps: 10 }, { budget: 60 }])
      expect(fit(simclr, PHOTOGRAPHS, length).settings).not.toHaveProperty("epochs");
  });

  it("lets a teacher that costs much see each image once", () => {
    const teacher = { teacher_encoder: "vit_small", teacher_patch: 16, teacher_size: 224 };
    expect(fit(distill, PHOTOGRAPHS, teacher).settings).toMatchObject({ teacher_view: "whole", patch_weight: 0 });
    const small = { teacher_encoder: "resnet18", teacher_stem: "7x7", teacher_size: 64 };
    expect(fit(distill, PHOTOGRAPHS, small).settings).not.toHaveProperty("teacher_view");
    // Neither goes with a whole view.
    for (const given of [{ pooled_weight: 0 }, { size_start: 32 }])
      expect(fit(distill, PHOTOGRAPHS, { ...teacher, ...given }).settings).not.toHaveProperty("teacher_view");
    expect(fit(distill, PHOTOGRAPHS, { ...teacher, teacher_view: "same" }).settings).not.toHaveProperty("patch_weight");
  });

  it("evaluates large images larger, where neither the user nor the encoder has a size", () => {
    const sizeOf = (facts: Partial<Facts>, given = {}) =>
      fit(simclr, { ...PHOTOGRAPHS, ...facts }, given).settings.eval_size;
    expect(sizeOf({ side: 160 })).toBe(160);
    expect(sizeOf({ side: 159 })).toBe(undefined);
    expect(sizeOf({ side: 5000 }, { encoder: "resnet50" })).toBe(160);
    for (const given of [{ size: 64 }, { eval_size: 224 }, { eval_size: null }, { encoder: "vit_tiny" }]) {
      const config = resolveConfig({ flags: given, fitted: fit(simclr, PHOTOGRAPHS, given).settings });
      expect(config.eval_size).toBe("eval_size" in given ? given.eval_size : null);
    }
  });

  it("warns of a method that the table has below its beginning, where nothing is known of longer trainings", () => {
    const row = (method: string, encoder: string, linear: number): MeasuredMethod => ({
      ...{ images: "photographs", minutes: 5, method, encoder, linear, initial: 0.45 },
      ...{ interval: [linear - 0.02, linear + 0.02], knn: linear },
    });
    const table = [row("simsiam", "resnet18", 0.35), row("simclr", "resnet18", 0.62), row("dino", "vit_tiny", 0.4)];
    const warned = (about: About, given: Settings = {}, facts: Partial<Facts> = {}) =>
      fit(about, { ...PHOTOGRAPHS, ...facts }, given, table).reasons.filter((line) => line.startsWith("warning: "));
    expect(warned(simsiam)).toEqual([
      "warning: SimSiam may need longer: after 5 minutes on photographs (Imagenette) its resnet18 stood at 35.0 % by linear probe, and the weights that it began with at 45.0 %; --method simclr stood at 62.0 %",
    ]);
    expect(warned(simsiam, { encoder: "resnet50" })).toHaveLength(1);
    for (const [given, told] of [
      [{ budget: "20m" }, true],
      [{ budget: 1201 }, false],
      [{ epochs: 10 }, true],
      [{ epochs: 100 }, false],
      [{ steps: 100 }, true],
      [{ steps: 20_000 }, false],
      [{ encoder: "vit_tiny" }, false],
      [{ init: "weights.pth" }, false],
      [{ init: null }, true],
    ] as const)
      expect(warned(simsiam, given), JSON.stringify(given)).toHaveLength(told ? 1 : 0);
    expect(warned(simsiam, {}, { device: "gpu" })).toEqual([]);
    expect(warned(simclr)).toEqual([]);
    // Of an encoder of its kind alone: DINO's row is of a ViT.
    expect(warned(dino)).toHaveLength(isVit(dino.presets.small.encoder) ? 1 : 0);
  });

  it("makes batches of few images smaller", () => {
    expect(fit(simclr, { ...PHOTOGRAPHS, images: 100 }, {}).settings.batch).toBe(25);
    expect(fit(simclr, { ...PHOTOGRAPHS, images: 3 }, {}).settings.batch).toBe(2);
  });
});
