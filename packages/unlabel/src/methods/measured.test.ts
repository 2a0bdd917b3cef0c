import { expect, it } from "vitest";
import { autoMethods, firstMethod } from "./measured.ts";
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

it("says that nothing has been measured of other channels, and takes the same", () => {
  const { methods, why } = autoMethods({ channels: 13 }, TABLE);
  expect(methods).toEqual(["lejepa", "simclr", "byol"]);
  expect(why).toMatch(/^nothing has been measured of 13 channels, so these are the first 3 of the measured table, /);
});

it("has a table with enough to choose from", () => {
  expect(autoMethods().methods).toHaveLength(3);
});

it("leaves out what this version has no more", () => {
  expect(autoMethods({}, [row("gone", 0.9), ...TABLE]).methods).toEqual(["lejepa", "simclr", "byol"]);
});
