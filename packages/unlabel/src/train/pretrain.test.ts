// What a training on a command line does and leaves.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { memory } from "@unlabel/torch";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { UserError } from "../base/errors.ts";
import { readSettings } from "../config/files.ts";
import { PHOTOGRAPHS } from "../data/input.ts";
import { stepOf } from "../run/checkpoint-files.ts";
import { RunDirectory } from "../run/directory.ts";
import { writeImages } from "../testing/data.ts";
import { losses, MAE, SIMCLR, trainingFolder, weights } from "../testing/training.ts";

// Most of what is held here does not depend on the encoder.
const encoders = vi.hoisted(() => ({ small: true }));
vi.mock("../encoders/registry.ts", async (original) =>
  (await import("../testing/small-encoders.ts")).withSmallEncoders(original, encoders),
);

const folder = trainingFolder();
const { train } = folder;

describe("pretrain, with encoders of full size", () => {
  beforeAll(() => {
    encoders.small = false;
  });
  afterAll(() => {
    encoders.small = true;
  });

  it("trains SimCLR and tells the whole story in run.json", async () => {
    const { run, info, result, interrupted, log } = await train("a", SIMCLR);
    expect(interrupted).toBe(false);
    expect(info).toMatchObject({
      schema: 2,
      status: "done",
      method: "simclr",
      device: "cpu",
      precision: "fp32",
      data: { root: folder.images, layout: "unlabelled", train: 12, val: 0, classes: [] },
      steps_per_epoch: 3,
      parameters: { encoder: 11_176_512 },
      chance: expect.closeTo(Math.log(7), 10),
      result: { steps: 6, epochs: 2, skipped: 0 },
    });
    expect(info.parameters.total).toBeGreaterThan(info.parameters.encoder);
    expect(RunDirectory.open(run).info).toEqual(info);
    expect(losses(run)).toHaveLength(6);
    expect(result.loss_first).toBe(losses(run)[0]![1]);
    expect(result.images_per_s).toBeGreaterThan(0);
    expect(result.peak_mb).toBeGreaterThan(50);
    expect(log).toContain(`starting loss ${result.loss_first.toFixed(4)} (1.9459 is chance)`);
    expect(existsSync(join(run, "pictures"))).toBe(false);
  });

  it("trains MAE and leaves pictures of what it learnt", async () => {
    const { run, info } = await train("m", MAE);
    expect(info.chance).toBeGreaterThan(0);
    const pictures = JSON.parse(readFileSync(join(run, "pictures", "mae.json"), "utf8")) as {
      size: number;
      items: Record<"original" | "masked" | "reconstructed", string>[];
    };
    expect([pictures.size, pictures.items.length]).toEqual([32, 8]);
    for (const item of pictures.items) {
      for (const file of Object.values(item)) {
        expect(await sharp(join(run, "pictures", file)).metadata()).toMatchObject({
          width: 32,
          height: 32,
          channels: 3,
        });
      }
    }
    const [first] = pictures.items;
    const pixels = await Promise.all(
      [first!.original, first!.masked, first!.reconstructed].map((file) =>
        sharp(join(run, "pictures", file))
          .raw()
          .toBuffer(),
      ),
    );
    expect(pixels[0]!.equals(pixels[1]!)).toBe(false);
    expect(pixels[1]!.equals(pixels[2]!)).toBe(false);
  });
});

describe("pretrain", () => {
  it.each([
    ["simclr", SIMCLR],
    ["simclr decoupled, with local views", { ...SIMCLR, decoupled: true, local_views: 2 }],
    ["mae", MAE],
  ])("%s, interrupted and resumed, gives the numbers of an uninterrupted run bit for bit", async (_, flags) => {
    await train("whole", flags);
    const part = await train("part", flags, { stopAt: 1 });
    expect(part.interrupted).toBe(true);
    expect(part.info.status).toBe("interrupted");
    expect(part.log).toMatch(/\nFinishing this step, then saving. Ctrl-C again ends at once.\nSaved step \d of 6.\n$/);
    expect(losses(part.run).length).toBeLessThan(6);
    const again = await train("part", {}, { resume: true, data: undefined });
    expect(again.info.status).toBe("done");
    expect(losses(part.run)).toEqual(losses(join(folder.path, "whole")));
    expect(weights(part.run)).toEqual(weights(join(folder.path, "whole")));
    expect(again.info.chance).toBe(part.info.chance);
  });

  it("goes on to the same bits with a run from before there was a choice of channels", async () => {
    const flags = { ...SIMCLR, epochs: 2 };
    const whole = await train("whole", flags);
    const part = await train("old", flags, { stopAt: 1 });
    expect(part.interrupted).toBe(true);
    const file = join(part.run, "run.json");
    const { config, data: images, ...rest } = JSON.parse(readFileSync(file, "utf8"));
    const { channels, bands, range, tiles, ...old } = config;
    const { input, understood, ...before } = images;
    expect([channels, bands, range, tiles, input]).toEqual([3, null, "auto", null, PHOTOGRAPHS]);
    expect(understood).toHaveLength(1);
    writeFileSync(file, JSON.stringify({ ...rest, schema: 1, config: old, data: before }));
    const { run, info } = await train("old", {}, { resume: true });
    expect(losses(run)).toEqual(losses(whole.run));
    // Beside them their file holds the settings, of which range has another name now.
    const tensors = (of: string) => {
      const bytes = readFileSync(RunDirectory.open(of).weights);
      return bytes.subarray(8 + Number(bytes.readBigUInt64LE(0)));
    };
    expect(tensors(run).equals(tensors(whole.run))).toBe(true);
    expect(info).toMatchObject({ schema: 2, config: { channels: 3, range: "type" }, data: { input: PHOTOGRAPHS } });
  });

  it("finds nothing to do where a finished run is resumed, and goes on where more epochs are asked for", async () => {
    const { run, result } = await train("a", MAE);
    const before = readFileSync(join(run, "run.json"), "utf8");
    const nothing = await train("a", {}, { resume: true });
    expect(nothing.result).toEqual(result);
    expect(nothing.log).toBe(
      `12 images, no classes\n${run} has already done its 6 steps; ask for more with --epochs, --steps or --budget\n`,
    );
    expect(readFileSync(join(run, "run.json"), "utf8")).toBe(before);
    RunDirectory.open(run).update({ status: "failed", error: "the disk was full", command: "unlabel pretrain D" });
    const command = "unlabel pretrain --resume";
    const longer = await train("a", { epochs: 3 }, { resume: true, command });
    expect(longer.result.steps).toBe(9);
    expect(RunDirectory.open(run).info).toMatchObject({
      status: "done",
      command: `unlabel pretrain D\n${command}`,
    });
    expect(RunDirectory.open(run).info).not.toHaveProperty("error");
    expect(losses(run).map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("says how the schedule is planned anew where a run goes on for longer, and nothing where it does not", async () => {
    const flags = { ...MAE, schedule: "cosine", lr: 0.001, optimizer: "sgd" };
    await train("whole", flags);
    const part = await train("a", flags, { stopAt: 1 });
    const { steps } = part.result;
    const same = await train("a", { epochs: 2 }, { resume: true });
    expect(same.info.notes ?? []).toEqual([]);
    expect(weights(same.run)).toBe(weights(join(folder.path, "whole")));
    const longer = await train("a", { epochs: 4 }, { resume: true });
    const note =
      "6 steps became 12 at step 6 (--epochs 4): the schedule is planned anew, and goes on with lr 0.0005 instead of 0";
    expect(longer.info.notes).toEqual([note]);
    expect(longer.log).toContain(`note: ${note}`);
    const lrs = RunDirectory.open(longer.run)
      .metrics()
      .map((row) => row["train/lr"]!);
    expect(steps).toBeLessThan(6);
    expect(lrs[6]).toBeCloseTo(0.0005, 10);
    expect(lrs.slice(6)).toEqual(lrs.slice(6).toSorted((a, b) => b - a));
  });

  it("begins or goes on under resume auto, and is done when it is done", async () => {
    const auto = { resume: "auto" } as const;
    const first = await train("a", MAE, { ...auto, stopAt: 1 });
    expect(first.interrupted).toBe(true);
    const second = await train("a", MAE, auto);
    expect([second.interrupted, second.result.steps]).toEqual([false, 6]);
    expect(second.log).toContain(`from step ${first.result.steps}`);
    const third = await train("a", MAE, auto);
    expect([third.interrupted, third.result]).toEqual([false, second.result]);
    await train("whole", MAE);
    expect(weights(second.run)).toBe(weights(join(folder.path, "whole")));
  });

  it("gives the same again when its run.json is fed back", async () => {
    const { run } = await train("a", { ...MAE, steps: 2 });
    const file = { name: "run.json", settings: readSettings(join(run, "run.json")) };
    await train("b", {}, { settings: { file } });
    expect(losses(join(folder.path, "b"))).toEqual(losses(run));
  });

  it("skips and lists an unreadable image once, however often it comes up", async () => {
    writeFileSync(join(folder.images, "a.png"), "no image");
    const { run, result } = await train("a", MAE);
    expect(result.skipped).toBe(1);
    expect(RunDirectory.open(run).skipped()).toEqual([{ path: "a.png", reason: expect.any(String) }]);
  });

  it("keeps the number format that the run began with, whatever this machine would choose", async () => {
    const { run, info } = await train("a", { ...MAE, precision: "auto", steps: 1 });
    const other = info.precision === "fp32" ? "bf16" : "fp32";
    RunDirectory.open(run).update({ precision: other });
    const { log } = await train("a", { steps: 2 }, { resume: true });
    expect(log).toContain(`cpu, ${other}, `);
  });

  it("refuses other images than the run began with", async () => {
    await train("a", { ...MAE, steps: 1 });
    await writeImages(folder.images, ["another.png"], 40);
    await expect(train("a", {}, { resume: true })).rejects.toThrow(/Expected the images that .* began with \(12 in /);
  });

  it("refuses a folder that is understood in another way than when the run began", async () => {
    const { run, info } = await train("a", { ...MAE, steps: 1 });
    expect(info.data.understood).toEqual(["12 images, no classes"]);
    RunDirectory.open(run).update({ data: { ...info.data, train: 10 } });
    await expect(train("a", {}, { resume: true })).rejects.toThrow(
      /Expected 10 images to train on, as .* began with, got 12 of .*, which unlabel .* understood in another way/,
    );
  });

  it("says that a run begins again where nothing was saved of it", async () => {
    const { run } = await train("a", { ...MAE, steps: 1 });
    const { info } = RunDirectory.open(run);
    rmSync(run, { recursive: true });
    RunDirectory.create(run, { ...info, status: "running", result: null });
    const { log, result } = await train("a", {}, { resume: true });
    expect(log).toContain("It stopped before anything was saved: training begins again from step 0");
    expect(result.steps).toBe(1);
  });

  it("is alone in its run directory, and leaves no lock", async () => {
    const { run } = await train("a", { ...MAE, steps: 1 });
    expect(existsSync(join(run, "lock"))).toBe(false);
    const other = { pid: process.ppid, host: hostname(), start: new Date().toISOString() };
    writeFileSync(join(run, "lock"), JSON.stringify(other));
    const before = readFileSync(join(run, "run.json"), "utf8");
    await expect(train("a", { steps: 2 }, { resume: true })).rejects.toThrow(`got process ${process.ppid} on`);
    expect(readFileSync(join(run, "run.json"), "utf8")).toBe(before);
    expect(existsSync(join(run, "lock"))).toBe(true);
  });

  it("names the run whose checkpoint is damaged or does not fit run.json", async () => {
    const { run } = await train("a", { ...MAE, steps: 1 });
    const directory = RunDirectory.open(run);
    const edited = `in ${run}; one of the two was edited: `;
    const file = join(run, "run.json");
    const before = readFileSync(file, "utf8");
    writeFileSync(file, before.replace('"decoder_width": 32', '"decoder_width": 16'));
    await expect(train("a", { steps: 2 }, { resume: true })).rejects.toThrow(edited);
    writeFileSync(file, before);
    writeFileSync(directory.weights, "half");
    const failure = train("a", { steps: 2 }, { resume: true });
    await expect(failure).rejects.toThrow(UserError);
    await expect(failure).rejects.toThrow("got none: last.safetensors is damaged (");
    expect(existsSync(join(run, "lock"))).toBe(false);
  });

  it("goes back to the checkpoint before a damaged one, and ends with the same weights bit for bit", async () => {
    const { run } = await train("a", MAE);
    const directory = RunDirectory.open(run);
    const bytes = readFileSync(directory.weights);
    const damaged = Buffer.from(bytes);
    damaged[damaged.length - 100]! ^= 1;
    writeFileSync(directory.weights, damaged);
    directory.update({ status: "running", result: null });
    const { log, info } = await train("a", {}, { resume: true });
    const note = /last.safetensors is damaged \(Expected the checksum .*\); the checkpoint of step 3 is used/;
    expect(log).toMatch(note);
    expect(info.notes).toEqual([expect.stringMatching(note)]);
    expect(readFileSync(directory.weights).equals(bytes)).toBe(true);
    expect(losses(run).map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("does the last steps of a finished run again where its checkpoint is damaged, and says so", async () => {
    const { run } = await train("a", MAE);
    const directory = RunDirectory.open(run);
    const bytes = readFileSync(directory.weights);
    expect(directory.damage(stepOf)).toBeNull();
    expect((await train("a", {}, { resume: true })).log).toContain("has already done its 6 steps");
    writeFileSync(directory.weights, bytes.subarray(0, 1000));
    expect(directory.damage(stepOf)).toEqual({
      problem: expect.stringMatching(/^last.safetensors is damaged /),
      before: 3,
    });
    const { log, info } = await train("a", {}, { resume: true });
    expect(log).toMatch(/note: last.safetensors is damaged \(.*\); the checkpoint of step 3 is used/);
    expect(info.status).toBe("done");
    expect(readFileSync(directory.weights).equals(bytes)).toBe(true);
  });

  it("marks a run failed that diverges, and says what to try", async () => {
    const flags = { ...MAE, optimizer: "sgd", lr: 100, schedule: "constant", momentum: 0.99, epochs: 20 };
    await expect(train("a", flags)).rejects.toThrow(/Expected finite numbers at step \d+, .* Try a lower lr than 100/);
    const { info } = RunDirectory.open(join(folder.path, "a"));
    expect([info.status, info.error]).toEqual(["failed", expect.stringContaining("Expected finite numbers")]);
  });

  it("leaves no run behind where it cannot begin", async () => {
    await expect(train("a", { ...MAE, batch: 13 })).rejects.toThrow(UserError);
    await expect(train("b", { ...MAE, device: "cuda:7" })).rejects.toThrow(/device/);
    await expect(train("c", MAE, { data: join(folder.path, "none") })).rejects.toThrow(/does not exist/);
    expect(readdirSync(folder.path)).toEqual(["images"]);
  });

  it("frees all that it made", async () => {
    await train("warm", { ...MAE, steps: 1 });
    const before = memory().liveTensors;
    await train("a", MAE);
    expect(memory().liveTensors).toBeLessThanOrEqual(before);
  });
});
