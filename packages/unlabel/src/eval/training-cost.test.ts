import { expect, it } from "vitest";
import { resolveConfig } from "../methods/registry.ts";
import type { RunResult } from "../run/info.ts";
import { trainingCost } from "./training-cost.ts";

const result = { steps: 100, seconds: 60, step_s: 0.5 } as RunResult;
const configOf = (flags: object) => resolveConfig({ flags: { batch: 10, device: "cpu", ...flags } });

it("an encoder's view is a sixth of SimCLR's two, forwards and backwards, but for the head", () => {
  const config = configOf({ method: "simclr", encoder: "resnet18", size: 64 });
  const cost = trainingCost({ config, result } as never, 64)!;
  expect(cost).toMatchObject({ seconds: 60, perImage: 0.05 });
  // Each of two views takes three forward passes' worth.
  expect(cost.viewShare).toBeGreaterThan(0.95 / 6);
  expect(cost.viewShare).toBeLessThan(1 / 6);
  // Seen at twice the edge, with the stem that it has.
  expect(trainingCost({ config, result } as never, 128)!.viewShare).toBeGreaterThan(3.5 * cost.viewShare);
});

it("MAE's encoder sees a quarter of the patches, so that a whole view is more of its training", () => {
  const config = configOf({ method: "mae", encoder: "vit_tiny", patch: 8, size: 64 });
  expect(trainingCost({ config, result } as never, 64)!.viewShare).toBeGreaterThan(1 / 3);
});

it("nothing is known of a run that has recorded no time", () => {
  const config = configOf({ method: "simclr", encoder: "resnet18", size: 64 });
  for (const none of [null, { ...result, step_s: 0 }, { ...result, seconds: Number.NaN }])
    expect(trainingCost({ config, result: none } as never, 64)).toBeNull();
});
