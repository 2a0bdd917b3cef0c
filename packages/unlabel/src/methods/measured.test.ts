import { expect, it } from "vitest";
import { ABOUTS } from "./abouts.ts";
import { autoMethods, firstMethod, UNMEASURED } from "./measured.ts";
import type { MeasuredMethod } from "./measured-method.ts";

const row = (method: string, linear: number, encoder = "resnet18"): MeasuredMethod => ({
  ...{
    images: "photographs",
    minutes: 5,
    method,
    encoder,
    linear,
    initial: 0.3,
    interval: [linear - 0.01, linear + 0.01],
    knn: linear,
  },
});
const TABLE = [
  row("simclr", 0.61),
  row("mae", 0.4, "vit_tiny"),
  row("byol", 0.55),
  row("lejepa", 0.62),
  row("lejepa", 0.5, "vit_tiny"),
];

it("takes the first three of the table, each method once by its best encoder, and says so with numbers", () => {
  const { methods, why } = autoMethods({ channels: 3 }, TABLE);
  expect(methods).toEqual(["lejepa", "simclr", "byol"]);
  expect(why).toBe(
    "the first 3 of the measured table, after 5 minutes on photographs (Imagenette): lejepa 62.0 % with resnet18, simclr 61.0 % with resnet18, byol 55.0 % with resnet18",
  );
  expect(autoMethods({}, TABLE).methods).toEqual(methods);
  expect(firstMethod(TABLE)).toBe("lejepa");
});

it.each([
  ["no table has been measured yet", { channels: 3 }, []],
  ["the measured table has no row of 13 channels", { channels: 13 }, TABLE],
])("says that %s, and which stand for it", (lacking, images, table) => {
  const { methods, why } = autoMethods(images, table);
  const known = new Set<string>(ABOUTS.map(({ name }) => name));
  expect(methods).toEqual(UNMEASURED.filter((method) => known.has(method)).slice(0, 3));
  expect(methods).toHaveLength(3);
  expect(why).toBe(`${lacking}, so these stand for it: ${methods.join(", ")} (docs/compare.md says why)`);
});

it("leaves out what this version has no more", () => {
  expect(autoMethods({}, [row("gone", 0.9), ...TABLE]).methods).toEqual(["lejepa", "simclr", "byol"]);
});
