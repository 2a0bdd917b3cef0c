// Images held out of training where there are neither labels nor val: what a run keeps of them, and that older runs go on as they were.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { Settings } from "../config/settings.ts";
import { openData } from "../data/open.ts";
import { indicatorImages } from "../eval/indicator-images.ts";
import { RunDirectory } from "../run/directory.ts";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { pretrain } from "./pretrain.ts";

// What is held here does not depend on the encoder.
vi.mock("../encoders/registry.ts", async (original) =>
  (await import("../testing/small-encoders.ts")).withSmallEncoders(original),
);

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
const at = (name: string) => join(folder.path, name);
const flags = {
  method: "simclr",
  preset: "small",
  encoder: "vit_tiny",
  patch: 16,
  size: 16,
  batch: 4,
  steps: 1,
  warmup_epochs: 0,
  device: "cpu",
  health_every: 0,
  online: false,
};

async function train(name: string, more: Settings = {}, resume = false) {
  const told: string[] = [];
  const stream = { write: (text: string) => told.push(text) };
  const settings = { flags: resume ? more : { ...flags, ...more } };
  const { info } = await pretrain({ data: at("images"), settings, out: at(name), resume, stream });
  return { info, told: told.join("") };
}

beforeAll(() =>
  writeImages(
    at("images"),
    Array.from({ length: 120 }, (_, i) => `${i}.png`),
    16,
  ),
);

it("are said first, kept in run.json, the same for another seed, and what evaluation looks at", async () => {
  const { info, told } = await train("a");
  const said =
    "held out from training, by name: 24 images (20 %) for evaluate to look at; --set hold_out=false trains on all";
  expect(told.split("\n").slice(0, 2)).toEqual(["120 images, no classes", said]);
  expect(info.data).toMatchObject({ train: 96, val: 0, held_out: { images: 24, copies: 0 } });
  expect(info.data.understood).toContain(said);
  expect(info.config.hold_out).toBe(true);
  const other = await train("b", { seed: 7 });
  expect(other.info.data.held_out).toEqual(info.data.held_out);
  const looked = indicatorImages(await openData(at("images")), RunDirectory.open(at("a")).info);
  expect([looked.from, looked.split.items.length, looked.notes]).toEqual(["held out", 24, []]);
  // It goes on with the same images.
  const more = await train("a", { steps: 2 }, true);
  expect(more.info.data).toMatchObject({ train: 96, held_out: info.data.held_out });
});

it("are none where that is asked for", async () => {
  const { info, told } = await train("all", { hold_out: false });
  expect(info.data).toMatchObject({ train: 120 });
  expect(info.data.held_out).toBeUndefined();
  expect(told).not.toContain("held out");
});

it("are none of a run from before, which goes on with all of its images", async () => {
  await train("old", { hold_out: false });
  const file = join(at("old"), "run.json");
  const { config, ...info } = JSON.parse(readFileSync(file, "utf8")) as { config: Record<string, unknown> };
  const { hold_out: _, ...before } = config;
  writeFileSync(file, JSON.stringify({ ...info, config: before }));
  const more = await train("old", { steps: 2 }, true);
  expect(more.info.data.train).toBe(120);
  expect(more.info.config.hold_out).toBe(false);
});
