import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { manualSeed, noGrad, randn } from "@unlabel/torch";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { withoutImages } from "../config/channels.ts";
import { openData } from "../data/open.ts";
import { ImageReader } from "../data/reader.ts";
import { createMethod, resolveConfig } from "../methods/registry.ts";
import { RunDirectory } from "../run/directory.ts";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { readHeldOut } from "./held-out.ts";
import { LookPlan } from "./look-plan.ts";
import { pretrain } from "./pretrain.ts";
import { startWatch } from "./watch.ts";

// What is held here does not depend on the encoder.
vi.mock("../encoders/registry.ts", async (original) =>
  (await import("../testing/small-encoders.ts")).withSmallEncoders(original),
);

vi.mock("./held-out.ts", { spy: true });

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
const data = join(folder.path, "images");
beforeAll(async () => {
  const names = ["ant", "bee"].flatMap((kind) => Array.from({ length: 6 }, (_, i) => `train/${kind}/${i}.png`));
  await writeImages(data, [...names, "val/ant/0.png", "val/bee/0.png"], 32);
});

const SIMCLR = { method: "simclr", size: 32, batch: 4, epochs: 2, warmup_epochs: 0, device: "cpu", precision: "fp32" };
const MAE = { ...SIMCLR, method: "mae", patch: 8, decoder_width: 32, decoder_depth: 1 };
const HEADS = { projection_hidden: 32, projection_dim: 16 };
const UNSEEN = { health_every: 0, online: false };

async function train(name: string, flags: Record<string, unknown>, stopAt?: number, resume = false) {
  const stream = {
    write: (text: string) => stopAt !== undefined && text.includes(` ${stopAt}/`) && process.emit("SIGINT", "SIGINT"),
  };
  const out = join(folder.path, name);
  const processSignals = stopAt !== undefined;
  await pretrain({ data, settings: resume ? {} : { flags }, out, resume, stream, processSignals });
  return RunDirectory.open(out);
}
const digest = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");
const learnt = (run: RunDirectory, what: RegExp) =>
  run.metrics().map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => what.test(name))));

it.each([
  ["simclr", SIMCLR],
  ["byol", { ...SIMCLR, method: "byol", encoder: "vit_tiny", patch: 8 }],
  // What a step leaves to later ones: a queue that comes round within the run, and a copy that follows.
  ["nnclr", { ...SIMCLR, method: "nnclr", queue: 6, ...HEADS, predictor_hidden: 32 }],
  ["mocov3", { ...SIMCLR, method: "mocov3", patch: 8, ...HEADS }],
  ["mae", MAE],
])("%s learns the same to the bit, looked at after every step or never", async (name, flags) => {
  const unseen = await train(`${name}-unseen`, { ...flags, ...UNSEEN });
  const seen = await train(`${name}-seen`, { ...flags, health_every: 1 });
  const weights = (run: RunDirectory) => digest(run.weights);
  // The weights' file also holds the config, in which the two differ.
  expect(learnt(seen, /^train\//)).toEqual(learnt(unseen, /^train\//));
  expect(seen.metrics().at(-1)).toMatchObject({
    "health/std": expect.any(Number),
    "health/rank": expect.any(Number),
    "health/uniformity": expect.any(Number),
    "health/grad_norm": expect.any(Number),
    "online/linear_top1": expect.any(Number),
    "online/knn_top1": expect.any(Number),
  });
  expect("health/alignment" in seen.metrics().at(-1)!).toBe(name !== "mae");
  expect(learnt(unseen, /^(health|online)\//).every((row) => Object.keys(row).length === 0)).toBe(true);

  // Stopped and resumed: looks, online probe and verdict are those of the run that was not.
  const part = await train(`${name}-part`, { ...flags, health_every: 1 }, 1);
  expect(part.info.status).toBe("interrupted");
  const whole = await train(`${name}-part`, {}, undefined, true);
  expect(learnt(whole, /^(train|health|online)\//)).toEqual(learnt(seen, /^(train|health|online)\//));
  expect(whole.info.health).toEqual(seen.info.health);
  expect(weights(whole)).toBe(weights(seen));
});

it("finds an encoder of zeros collapsed, and puts it back as it was", async () => {
  manualSeed(0);
  const config = withoutImages(resolveConfig({ flags: { ...SIMCLR, health_every: 1 } }));
  const method = createMethod(config).train();
  noGrad(() => {
    for (const parameter of method.encoder.parameters()) parameter.mul_(0);
  });
  const set = await openData(data);
  const watch = startWatch({
    config,
    data: set,
    method,
    device: "cpu",
    precision: "fp32",
    reader: new ImageReader({ threads: 1 }),
    stepsPerEpoch: 3,
  });
  const moment = { step: 6, total: 6, stepsPerEpoch: 3, seconds: 60, stepSeconds: 0.1 };
  const look = await watch!.look(moment, true, [randn([8, 3, 32, 32])]);
  expect(look["health/std"]).toBe(0);
  watch!.observe({ step: 1, epoch: 1, seconds: 1, "train/loss": 2, ...look }, 2);
  expect(watch!.health).toMatchObject({ verdict: "collapsed", since: 1 });
  expect([...method.modules()].every((module) => module.training)).toBe(true);
  watch![Symbol.dispose]();
  method.dispose();
});

it("reads and looks at nothing where a run is too short for it, and says so", async () => {
  let log = "";
  vi.mocked(readHeldOut).mockClear();
  const stream = { write: (text: string) => (log += text) };
  const flags = { ...SIMCLR, batch: 2, steps: 1, threads: 1 };
  const { run, info } = await pretrain({ data, settings: { flags }, out: join(folder.path, "one-step"), stream });
  // Four images may take as long as the one step of two images with two views did, of which a tenth is allowed.
  const rows = RunDirectory.open(run).metrics();
  expect(Object.keys(rows[0]!).filter((name) => /^(health|watch)|knn/.test(name))).toEqual([]);
  expect(log).toMatch(
    /Left out at the end of so short a run: a look at the features \(12 images, up to .* and online kNN/,
  );
  expect(info.health?.verdict).toBe("too-early");
  expect(info.result?.watch_s).toBe(0);
  expect(readHeldOut).not.toHaveBeenCalled();
});

it("notes how long a look took and at how many images, apart from the step's own time", async () => {
  const run = await train("timed", { ...SIMCLR, health_every: 2 });
  const rows = run.metrics();
  expect(rows.filter((row) => row["watch/seconds"] !== undefined).map(({ step }) => step)).toEqual([2, 3, 4, 6]);
  expect(
    rows.filter((row) => row["health/images"] !== undefined).map((row) => [row.step, row["health/images"]]),
  ).toEqual([2, 4, 6].map((step) => [step, 12]));
  const watched = rows.reduce((sum, row) => sum + (row["watch/seconds"] ?? 0), 0);
  expect(run.info.result!.watch_s).toBeCloseTo(watched, 3);
});

it("asks the images that another run's look at as many asked, however many either has read", async () => {
  manualSeed(0);
  const config = withoutImages(resolveConfig({ flags: SIMCLR }));
  const method = createMethod(config);
  const root = join(folder.path, "many");
  await writeImages(
    root,
    Array.from({ length: 192 }, (_, i) => `${"abc"[i % 3]}/${i}.png`),
    16,
  );
  const set = await openData(root);
  const reader = new ImageReader({ threads: 1 });
  const begin = () =>
    startWatch({ config, data: set, method, device: "cpu", precision: "fp32", reader, stepsPerEpoch: 3, start: true })!;
  using all = begin();
  const { votes } = (await all.lookAtStart())!;
  expect(votes.map(({ images }) => images)).toEqual([192, 96]);
  using few = begin();
  const size = vi.spyOn(LookPlan.prototype, "size").mockReturnValue({ measured: 0, voting: 96 });
  const moment = { step: 6, total: 6, stepsPerEpoch: 3, seconds: 60, stepSeconds: 0.1 };
  const look = await few.look(moment, true, [randn([8, 3, 32, 32])]);
  size.mockRestore();
  expect(look["online/knn_top1"]).toBe(votes[1]!.top1);
  method.dispose();
});
