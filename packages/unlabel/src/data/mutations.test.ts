// Damaged images through the reader in a process of its own; `npm run test:mutations` reads 10,000.
import { beforeAll, describe, expect, it } from "vitest";
import { mutant } from "../testing/mutations/mutants.ts";
import { readMutants, type Survey } from "../testing/mutations/run.ts";
import { makeSeeds } from "../testing/mutations/seeds.ts";

/** Each damage to each make of image, three times over. */
const COUNT = 1080;
/** Each damage to each file of fixtures/decode. */
const RASTERS = 754;

describe("damaged images", () => {
  let survey: Survey;
  beforeAll(async () => {
    survey = await readMutants(COUNT);
  });

  it("neither crash nor hang the reader, and each is listed as read or skipped with a reason", () => {
    const { outcomes } = survey;
    expect(outcomes).toHaveLength(COUNT);
    expect(new Set(outcomes.map(({ name }) => name)).size).toBe(COUNT);
    for (const { reason } of outcomes) if (reason !== null) expect(reason).toMatch(/^[\p{L} ]/u);
    expect(outcomes.filter(({ reason }) => /unknown error|:$|\n|unlabel-mutants/i.test(reason ?? ""))).toEqual([]);
  });

  it("take bounded memory", () => {
    expect(survey.peakMb).toBeGreaterThan(50);
    expect(survey.peakMb).toBeLessThan(800);
  });

  it("give the same from files as from memory", () => {
    expect(survey.outcomes.filter(({ agrees }) => !agrees)).toEqual([]);
  });

  it.each(["empty", "all zeros", "all noise", "text behind its magic"])(
    "are skipped where nothing is left: %s",
    (how) => {
      const all = survey.outcomes.filter((outcome) => outcome.how === how);
      expect(all).toHaveLength(54);
      expect(all.filter(({ reason }) => reason === null)).toEqual([]);
    },
  );

  it("are read whatever their name says, where only that is wrong", () => {
    const all = survey.outcomes.filter(({ how }) => how === "only renamed");
    expect(all).toHaveLength(54);
    expect(all.filter(({ reason }) => reason !== null)).toEqual([]);
  });

  it("are refused where they claim too many pixels", () => {
    expect(survey.outcomes.filter(({ reason }) => /at most 100 million/.test(reason ?? "")).length).toBeGreaterThan(9);
  });

  it("are the same each time", async () => {
    const seeds = await makeSeeds("png");
    for (const index of [0, 7, 40]) expect(mutant(seeds, 1, index)).toEqual(mutant(seeds, 1, index));
    expect(mutant(seeds, 2, 7).bytes).not.toEqual(mutant(seeds, 1, 7).bytes);
  });
});

describe("damaged TIFFs of many bands, arrays and bitmaps", () => {
  it("are decoded or refused in words, the same from files as from memory, in bounded memory", async () => {
    const { outcomes, peakMb } = await readMutants(RASTERS, 1, "rasters");
    expect(outcomes).toHaveLength(RASTERS);
    for (const { reason } of outcomes) if (reason !== null) expect(reason).toMatch(/^[\p{L} ]/u);
    expect(outcomes.filter(({ agrees }) => !agrees)).toEqual([]);
    expect(outcomes.filter(({ how, reason }) => how === "only renamed" && reason !== null)).toEqual([]);
    expect(outcomes.filter(({ reason }) => reason === null).length).toBeGreaterThan(100);
    expect(peakMb).toBeLessThan(800);
  });
});
