import { expect, it } from "vitest";
import { imagesFor, isAffordable, isDue } from "./pictures-plan.ts";

it("takes as many images as half a percent of the views that a run makes, over six times that it draws", () => {
  const available = 10_000;
  // 6 · (128 + 12) = 840 of half a percent of 168,000.
  expect(imagesFor({ total: 1000, batch: 84, views: 2, available })).toBe(128);
  expect(imagesFor({ total: 999, batch: 84, views: 2, available })).toBe(64);
  // 6 · (32 + 12) = 264 of 52,800.
  expect(imagesFor({ total: 528, batch: 50, views: 2, available })).toBe(32);
  // Too few for neighbours: 6 · (6 + 12) = 108 of 21,600.
  expect(imagesFor({ total: 527, batch: 50, views: 2, available })).toBe(6);
  expect(imagesFor({ total: 216, batch: 50, views: 2, available })).toBe(6);
  expect(imagesFor({ total: 215, batch: 50, views: 2, available })).toBe(0);
  expect(imagesFor({ total: 1e6, batch: 50, views: 2, available: 20 })).toBe(20);
  expect(imagesFor({ total: 1e6, batch: 50, views: 2, available: 3 })).toBe(3);
});

it("draws before the first step and first after 1, 3, 10, 30 and 100 %, once each", () => {
  const drawn: number[] = [];
  for (let step = 0; step <= 1000; step++) if (isDue({ step, total: 1000 }, drawn)) drawn.push(step);
  expect(drawn).toEqual([0, 10, 30, 100, 300, 1000]);
});

it("of a few steps draws each share that they reach", () => {
  const drawn: number[] = [];
  for (let step = 0; step <= 10; step++) if (isDue({ step, total: 10 }, drawn)) drawn.push(step);
  expect(drawn).toEqual([0, 1, 3, 10]);
});

it("goes on after what an earlier process drew, and draws at once what an older version did not", () => {
  expect(isDue({ step: 40, total: 1000 }, [0, 10, 30])).toBe(false);
  expect(isDue({ step: 40, total: 1000 }, [0, 10])).toBe(true);
  expect(isDue({ step: 500, total: 1000 }, [])).toBe(true);
  // A run that had an end before it was given more steps.
  expect(isDue({ step: 1001, total: 3000 }, [0, 10, 30, 100, 300, 1000])).toBe(false);
  expect(isDue({ step: 3000, total: 3000 }, [0, 10, 30, 100, 300, 1000])).toBe(true);
});

it("spends half a percent of the time that the run will take, and nothing while the first steps are all that is known", () => {
  const at = (step: number, seconds: number, total = 1000) => ({
    step,
    total,
    seconds,
    stepsPerEpoch: 10,
    stepSeconds: 1,
  });
  // 1,000 steps of a second each: five seconds.
  expect(isAffordable(at(10, 10), 1, 4)).toBe(true);
  expect(isAffordable(at(10, 10), 1.01, 4)).toBe(false);
  expect(isAffordable(at(2, 10), 0, 0)).toBe(false);
  expect(isAffordable(at(2, 10, 2), 0.01, 0)).toBe(true);
});
