import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { BEFORE_CHANNELS } from "../config/defaults.ts";
import { PHOTOGRAPHS } from "../data/input.ts";
import { info, placeForEach } from "../testing/run-folder.ts";
import { RunDirectory } from "./directory.ts";
import { migrate } from "./migrate.ts";

const place = placeForEach();

describe("run.json of another version", () => {
  it("is brought to this one step by step", () => {
    const migrations = {
      1: (info: object) => ({ ...info, colour: "red" }),
      2: ({ colour, ...info }: Record<string, unknown>) => ({ ...info, colours: [colour] }),
    };
    expect(migrate({ schema: 1, a: 1 }, "run.json", migrations, 3)).toEqual({ schema: 3, a: 1, colours: ["red"] });
    expect(() => migrate({ schema: 0 }, "run.json", migrations, 3)).toThrow("Expected schema 3 in run.json");
  });

  it("from before there was a choice of channels has three of photographs, whatever today's defaults are", () => {
    const { channels, bands, range, tiles, ...config } = info.config;
    const { input, ...data } = info.data;
    const run = RunDirectory.create(place.path, info);
    writeFileSync(join(place.path, "run.json"), JSON.stringify({ ...info, schema: 1, config, data }));
    const opened = RunDirectory.open(run.path).info;
    expect(opened).toEqual({ ...info, config: { ...config, ...BEFORE_CHANNELS } });
    expect(opened.data.input).toEqual({ channels: 3, bands: null, range: null, tiles: null });
  });

  it("from before there was an average of weights has none, whatever a preset says now, and nothing held out", () => {
    const averageOf = (config: object) => migrate({ schema: 2, config }, "run.json").config as typeof info.config;
    expect(averageOf({ lr: 1 })).toEqual({ lr: 1, weights_average: null, hold_out: false });
    expect(averageOf({ weights_average: 0.9, hold_out: true })).toEqual({ weights_average: 0.9, hold_out: true });
    const { weights_average: _, ...config } = info.config;
    const run = RunDirectory.create(place.path, info);
    writeFileSync(join(place.path, "run.json"), JSON.stringify({ ...info, config }));
    expect(RunDirectory.open(run.path).info).toEqual(info);
  });

  it("is refused where its settings are of other channels than its images", () => {
    const run = RunDirectory.create(place.path, info);
    const edited = { ...info, config: { ...info.config, channels: 4 } };
    writeFileSync(join(place.path, "run.json"), JSON.stringify(edited));
    expect(() => RunDirectory.open(run.path)).toThrow(/Expected 4 numbers for mean/);
    const data = { ...info.data, input: { ...PHOTOGRAPHS, channels: 4 } };
    writeFileSync(join(place.path, "run.json"), JSON.stringify({ ...info, data }));
    expect(() => RunDirectory.open(run.path)).toThrow("for 4 channels");
    for (const odd of [{ bands: [1, 2] }, { range: [[0, 1]] }, { range: [0, 1, 2].map(() => [1, 1]) }]) {
      const other = { ...info.data, input: { ...PHOTOGRAPHS, ...odd } };
      writeFileSync(join(place.path, "run.json"), JSON.stringify({ ...info, data: other }));
      expect(() => RunDirectory.open(run.path)).toThrow(/got something else at data\.input/);
    }
  });

  it("without a setting that has come since takes the preset's", () => {
    const { micro_batch, ...config } = info.config;
    const run = RunDirectory.create(place.path, info);
    writeFileSync(join(place.path, "run.json"), JSON.stringify({ ...info, config }));
    expect(RunDirectory.open(run.path).info.config).toEqual({ ...config, micro_batch });
  });
});
