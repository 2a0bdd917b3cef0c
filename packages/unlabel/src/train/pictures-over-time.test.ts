// Pictures through a training: there at the steps that they belong to, the same whether it was interrupted or not, and without a trace in
// what is learnt.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { RunDirectory } from "../run/directory.ts";
import { type PicturesMoment, type PicturesOverTime, sheetName } from "../run/pictures-over-time.ts";
import { readRun } from "../run/read/run.ts";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import * as plan from "./pictures-plan.ts";
import { pretrain } from "./pretrain.ts";

// What is held here does not depend on the encoder.
vi.mock("../encoders/registry.ts", async (original) =>
  (await import("../testing/small-encoders.ts")).withSmallEncoders(original),
);

vi.mock("./pictures-plan.ts", { spy: true });

const folder = temporaryFolder();
const data = join(folder.path, "images");
beforeAll(async () => {
  const names = ["ant", "bee"].flatMap((kind) => Array.from({ length: 8 }, (_, i) => `${kind}/${i}.png`));
  await writeImages(data, names, 32);
});
afterAll(() => folder[Symbol.dispose]());
beforeEach(() => {
  // There is time for all of them, whatever the clock says.
  vi.mocked(plan.imagesFor).mockReturnValue(16);
  vi.mocked(plan.isAffordable).mockReturnValue(true);
});

// Twelve steps: 1 and 3 % of the way are reached by the first.
const COMMON = {
  size: 32,
  batch: 4,
  epochs: 3,
  checkpoint_every_epochs: 3,
  warmup_epochs: 0,
  device: "cpu",
  precision: "fp32",
  threads: 1,
};
const SIMCLR = { ...COMMON, method: "simclr", projection_hidden: 32, projection_dim: 16 };
const MAE = { ...COMMON, method: "mae", encoder: "vit_tiny", patch: 8, decoder_width: 32, decoder_depth: 1 };
const AT = [0, 1, 2, 4, 12];

async function train(name: string, flags: Record<string, unknown>, stopAt?: number, resume = false) {
  let log = "";
  const stream = {
    write: (text: string) => {
      log += text;
      if (stopAt !== undefined && text.includes(` ${stopAt}/`)) process.emit("SIGINT", "SIGINT");
    },
  };
  const out = join(folder.path, name);
  await pretrain({
    data,
    settings: resume ? {} : { flags },
    out,
    resume,
    stream,
    processSignals: stopAt !== undefined,
  });
  return { run: RunDirectory.open(out), out, log };
}
const digest = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");
const kept = (out: string) =>
  (JSON.parse(readFileSync(join(out, "pictures", "over-time.json"), "utf8")) as PicturesOverTime).moments;
const learnt = (run: RunDirectory) => run.metrics().map((row) => row["train/loss"]);

it("an MAE learns the same to the bit with and without them, also interrupted, and has the same pictures then", async () => {
  const flags = { ...MAE, weights_average: 0.9 };
  vi.mocked(plan.imagesFor).mockReturnValue(0);
  const without = await train("mae-without", flags);
  expect(existsSync(join(without.out, "pictures", "over-time.json"))).toBe(false);
  vi.mocked(plan.imagesFor).mockReturnValue(16);
  const part = await train("mae", flags, 1);
  expect(part.run.info.status).toBe("interrupted");
  expect(kept(part.out).map(({ step }) => step)).toEqual([0, 1]);
  const before = kept(part.out).map(({ file }) => digest(join(part.out, "pictures", file)));
  const { run, out } = await train("mae", {}, undefined, true);
  expect(learnt(run)).toEqual(learnt(without.run));
  expect(digest(run.weights)).toBe(digest(without.run.weights));
  expect(
    kept(out)
      .slice(0, 2)
      .map(({ file }) => digest(join(out, "pictures", file))),
  ).toEqual(before);

  const { overTime } = await readRun(out);
  expect(overTime!.moments.map(({ step }) => step)).toEqual(AT);
  for (const moment of overTime!.moments as PicturesMoment[]) {
    expect(moment).toMatchObject({ total: 12, tile: 32, columns: 8, among: 16, file: sheetName(moment.step) });
    expect(moment.seconds).toBeGreaterThan(0);
    const { width, height } = await sharp(join(out, "pictures", moment.file)).metadata();
    const tiles = moment.images.flatMap(({ tile, features, masked, reconstructed, near }) => [
      ...[tile, features, masked, reconstructed],
      ...near.map((one) => one.tile),
    ]);
    expect(width).toBe(8 * 32);
    expect(Math.max(...(tiles as number[]))).toBeLessThan((8 * height) / 32);
    expect(moment.images).toHaveLength(6);
    for (const { near, tile, name } of moment.images) {
      expect(near).toHaveLength(5);
      expect(near.map((one) => one.tile)).not.toContain(tile);
      const similarities = near.map(({ similarity }) => similarity);
      expect(similarities).toEqual([...similarities].sort((x, y) => y - x));
      expect(name).toMatch(/^(ant|bee)\/\d\.png$/);
      expect(near.every(({ right }) => typeof right === "boolean")).toBe(true);
    }
  }
  const names = overTime!.moments.map(({ images }) => images.map(({ name }) => name).join());
  expect(new Set(names).size).toBe(1);
});

it("a ResNet learns the same to the bit, and its last map is shown in colours", async () => {
  const flags = { ...SIMCLR, size: 64, steps: 2 };
  vi.mocked(plan.imagesFor).mockReturnValue(0);
  const without = await train("simclr-without", flags);
  vi.mocked(plan.imagesFor).mockReturnValue(16);
  const { run, out } = await train("simclr", flags);
  expect(digest(run.weights)).toBe(digest(without.run.weights));
  expect(kept(out).map(({ step }) => step)).toEqual([0, 1, 2]);
  for (const { images } of kept(out)) {
    for (const image of images)
      expect(image).toMatchObject({ features: expect.any(Number), masked: null, reconstructed: null });
  }
});

it("goes on training where pictures cannot be drawn, and says so once", async () => {
  const { MaeCannot } = await import("../testing/broken-pictures.ts");
  using _ = MaeCannot();
  const { run, out, log } = await train("cannot", { ...MAE, steps: 1 });
  expect(run.info.status).toBe("done");
  expect(existsSync(join(out, "pictures", "over-time.json"))).toBe(false);
  expect(log.match(/note: no pictures are drawn from step 0 on: cannot draw/g)).toHaveLength(1);
});

it("draws nothing where nothing is to be looked at", async () => {
  const { out } = await train("unseen", { ...MAE, steps: 1, health_every: 0 });
  expect(existsSync(join(out, "pictures", "over-time.json"))).toBe(false);
});
