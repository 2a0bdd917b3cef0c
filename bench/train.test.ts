import { describe, expect, it } from "vitest";
import { FULL, secondsFor } from "./train.ts";
import { againstSeconds, ownCases } from "./train-against.ts";
import { cases } from "./train-cases.ts";

describe("rows of the training bench", () => {
  it("have a name each, and an expert's bf16 only where the hardware has it", () => {
    for (const bf16 of [true, false]) {
      const all = cases(bf16);
      expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
      const half = all.filter(({ peer }) => peer.includes("--bf16")).map(({ name }) => name);
      const expert = all.filter(({ name }) => !name.endsWith("as written")).map(({ name }) => name);
      expect(half).toEqual(bf16 ? expert : []);
    }
  });

  it("take less than 25 minutes on two cores of fp32, of which products get 210 GFLOP/s", () => {
    expect(secondsFor(cases(false), 2, FULL, 210) / 60).toBeLessThan(25);
  });

  it("take less where only some are asked for", () => {
    const some = cases(false).filter(({ size }) => size === 64);
    expect(secondsFor(some, 0, FULL, 210)).toBeLessThan(secondsFor(cases(false), 2, FULL, 210) / 2);
  });
});

describe("rows beside another commit", () => {
  it("are the cases that differ in what ours does, by a name each", () => {
    const names = ownCases().map(({ name }) => name);
    expect(names).toContain("simclr resnet50 224");
    expect(new Set(names).size).toBe(names.length);
    const flags = ownCases().map(({ ours, size }) => `${size} ${ours.join(" ")}`);
    expect(new Set(flags).size).toBe(flags.length);
    expect(new Set(flags)).toEqual(new Set(cases(false).map(({ ours, size }) => `${size} ${ours.join(" ")}`)));
  });

  it("take less than 10 minutes on two cores of fp32, of which products get 210 GFLOP/s", () => {
    expect(againstSeconds(ownCases(), 2, 210) / 60).toBeLessThan(10);
  });
});
