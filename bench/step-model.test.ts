import { expect, it } from "vitest";
import { linear, ring, stepSeconds } from "./step-model.ts";

const network = { latency: 0.001, byte: 1e-9 };

it("adds compute and the buckets of the gradients", () => {
  const terms = { compute: 0.5, ranks: 2, cores: 2, bytes: 45e6, network };
  // Two buckets of 25 MiB.
  expect(stepSeconds(terms)).toBeCloseTo(0.5 + 0.002 + 0.045, 12);
  expect(stepSeconds({ ...terms, hidden: 1 })).toBe(0.5);
  expect(stepSeconds({ ...terms, ranks: 1 })).toBe(0.5);
  // Four ranks share two cores.
  expect(stepSeconds({ ...terms, ranks: 4 })).toBeCloseTo(1 + 0.047, 12);
});

it("sends each byte almost twice round a ring, however many ranks there are", () => {
  const link = { hop: 1e-5, bytesPerSecond: 1e9 };
  expect(ring(2, link)).toEqual({ latency: 2e-5, byte: 1e-9 });
  expect(ring(8, link).byte).toBeCloseTo(1.75e-9, 15);
  expect(ring(8, link).latency).toBeCloseTo(14e-5, 12);
});

it("finds the line that measurements lie on", () => {
  const points = [1e5, 1e6, 1e7].map((bytes) => ({ bytes, seconds: network.latency + bytes * network.byte }));
  expect(linear(points).latency).toBeCloseTo(0.001, 9);
  expect(linear(points).byte).toBeCloseTo(1e-9, 15);
});
