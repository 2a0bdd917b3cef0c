import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { memory, type Tensor } from "@unlabel/torch";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UsageError, UserError } from "../base/errors.ts";
import { sampleImage, temporaryFolder, writeImages } from "../testing/data.ts";
import { evalBatches } from "./eval-batches.ts";
import { openFolder, type Split } from "./folder.ts";
import { type Batch, Loader, type LoaderOptions, MAX_AHEAD } from "./loader.ts";
import { ImageReader } from "./reader.ts";
import type { ViewSpec } from "./views.ts";

const spec: ViewSpec = {
  count: 2,
  size: 16,
  crop: { scale: [0.3, 1], ratio: [3 / 4, 4 / 3] },
  filter: "bilinear",
  flip: 0.5,
  color: { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, p: 0.8 },
  grayscale: 0.2,
  blur: { p: 0.5, sigma: [0.1, 2], kernel: 3 },
  solarize: 0.2,
  mean: [0.5, 0.5, 0.5],
  std: [0.5, 0.5, 0.5],
};
/** The whole image, as it is. */
const still: ViewSpec = {
  ...spec,
  crop: { scale: [1, 1], ratio: [1, 1] },
  flip: 0,
  color: null,
  grayscale: 0,
  blur: null,
  solarize: 0,
};

const folder = temporaryFolder();
let split: Split;
beforeAll(async () => {
  const paths = Array.from({ length: 23 }, (_, i) => `${i % 2 ? "odd" : "even"}/${i}.${i % 3 ? "jpg" : "png"}`);
  await writeImages(folder.path, paths, 32);
  split = openFolder(folder.path).train;
});
afterAll(() => folder[Symbol.dispose]());

/** `count` batches from `step` on, as plain numbers. */
async function take(
  options: Partial<LoaderOptions>,
  count: number,
  step = 0,
  specs: readonly ViewSpec[] = [spec],
  of: Split = split,
) {
  const loader = new Loader(of, specs, { batch: 4, seed: 11, ...options });
  const taken: { step: number; epoch: number; indices: number[]; views: number[][] }[] = [];
  for await (const batch of loader.batches({ step })) {
    taken.push({
      step: batch.step,
      epoch: batch.epoch,
      indices: [...batch.indices],
      views: batch.views.map((v) => v.toNumbers()),
    });
    for (const view of batch.views) view.dispose();
    if (taken.length === count) break;
  }
  return taken;
}

async function first(loader: Loader): Promise<Batch> {
  for await (const batch of loader.batches()) return batch;
  throw new Error("no batch");
}

describe("Loader", () => {
  it("yields channels-last float views, all first ones before all second ones, a tensor for each spec", async () => {
    const loader = new Loader(split, [still, { ...still, count: 1, size: 8 }], { batch: 5, seed: 0 });
    expect(loader.stepsPerEpoch).toBe(4);
    const { views, indices, step, epoch, waitSeconds } = await first(loader);
    const [large, small] = views as [Tensor, Tensor];
    expect([step, epoch]).toEqual([0, 0]);
    expect(waitSeconds).toBeGreaterThanOrEqual(0);
    expect(large.shape).toEqual([10, 3, 16, 16]);
    expect(small.shape).toEqual([5, 3, 8, 8]);
    expect(large.dtype).toBe("float32");
    expect(large.isContiguous("channels_last")).toBe(true);
    const reader = new ImageReader();
    for (const [place, index] of indices.entries()) {
      const image = join(split.root, split.items[index]!.path);
      const views = [{ x: 0, y: 0, width: 32, height: 32, flip: false }];
      const { data } = await reader.read([{ image, views }], { width: 16, height: 16, filter: "bilinear" });
      const [one, two] = [large.select(0, place).toNumbers(), large.select(0, place + 5).toNumbers()];
      expect(one).toEqual(two);
      for (const at of [0, 100, 255]) expect(one[at]).toBeCloseTo((data[3 * at]! / 255 - 0.5) / 0.5, 5);
    }
  });

  it("shows every image at most once an epoch, in another order the next time", async () => {
    const epochs = [0, 1].map((epoch) => take({}, 5, 5 * epoch, [still]));
    const [one, two] = (await Promise.all(epochs)).map((batches) => batches.flatMap(({ indices }) => indices));
    expect(new Set(one).size).toBe(20);
    expect(new Set(two).size).toBe(20);
    expect(one).not.toEqual(two);
  });

  it("gives bit-identical batches with 1, 2 and 4 threads, and when resumed at any step", async () => {
    const reader = new ImageReader();
    const before = reader.threads;
    const runs = [];
    const specs = [spec, { ...spec, count: 1, size: 9, colorForm: "exact" as const }];
    for (const threads of [1, 2, 4]) {
      reader.threads = threads;
      runs.push(await take({}, 8, 0, specs));
    }
    reader.threads = before;
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[2]).toEqual(runs[0]);
    expect(runs[0]!.map(({ epoch }) => epoch)).toEqual([0, 0, 0, 0, 0, 1, 1, 1]);
    for (const step of [1, 6]) expect(await take({}, 2, step, specs)).toEqual(runs[0]!.slice(step, step + 2));
    expect((await take({ seed: 12 }, 1, 0, specs))[0]).not.toEqual(runs[0]![0]);
  });

  it.each(["cpu", "cpu:0"])(
    "gives the views that a step is to have, as a loader of these alone does, from any step on (%s)",
    async (device) => {
      const local = { ...spec, count: 1 };
      const sized = (size: number) => [
        { ...spec, size },
        { ...local, size: size / 2 },
      ];
      const edge = (step: number) => (step < 3 ? 8 : step < 6 ? 12 : 16);
      const viewsAt = (step: number) => sized(edge(step));
      const grown = await take({ device, viewsAt }, 9, 0, sized(16));
      for (const [step, batch] of grown.entries()) {
        expect(batch.views.map(({ length }) => length)).toEqual([
          2 * 4 * 3 * edge(step) ** 2,
          4 * 3 * (edge(step) / 2) ** 2,
        ]);
      }
      for (const step of [0, 2, 3, 5, 6, 8]) {
        expect(await take({ device, viewsAt }, 1, step, sized(16))).toEqual([grown[step]]);
        expect(await take({ device }, 1, step, sized(edge(step)))).toEqual([grown[step]]);
      }
    },
  );

  it("asks for a step's views once, before it is handed out, at most as many steps ahead as it says", async () => {
    const loader = new Loader(split, [still], { batch: 4, seed: 0, viewsAt });
    const asked: number[] = [];
    function viewsAt(step: number) {
      asked.push(step);
      return [still];
    }
    let taken = 0;
    for await (const { step, views } of loader.batches({ step: 2 })) {
      for (const view of views) view.dispose();
      expect(step).toBe(2 + taken);
      expect(Math.max(...asked)).toBeLessThan(step + 1 + MAX_AHEAD);
      if (++taken === 12) break;
    }
    expect(asked).toEqual(asked.map((_, i) => 2 + i));
  });

  it("gives ranks the parts of the batch that one process would see", async () => {
    const [whole] = await take({ batch: 8 }, 1, 1, [{ ...spec, count: 1 }]);
    const parts = await Promise.all(
      [0, 1].map((rank) => take({ batch: 4, rank, world: 2 }, 1, 1, [{ ...spec, count: 1 }])),
    );
    expect(parts.flatMap(([part]) => part!.indices)).toEqual(whole!.indices);
    expect(parts.flatMap(([part]) => part!.views[0]!)).toEqual(whole!.views[0]);
  });

  it("makes the two views of an image differ", async () => {
    const [batch] = await take({}, 1);
    const values = batch!.views[0]!;
    expect(values.slice(0, values.length / 2)).not.toEqual(values.slice(values.length / 2));
  });

  it("leaves augmenting to a device, which gives what the reader paints", async () => {
    // A device by number takes the way of a GPU: bytes are copied to it and augmented there.
    const [painted, augmented] = [await take({}, 3), await take({ device: "cpu:0" }, 3)];
    const far = painted.flatMap(({ views }, b) =>
      views[0]!.map((value, i) => Math.abs(value - augmented[b]!.views[0]![i]!)),
    );
    expect(far.length).toBe(3 * 8 * 3 * 16 * 16);
    expect(far.reduce((sum, x) => sum + x, 0) / far.length).toBeLessThan(1e-5);
    expect(augmented.map(({ indices }) => indices)).toEqual(painted.map(({ indices }) => indices));
  });

  it("keeps no tensor but those handed over", async () => {
    const before = memory().liveTensors;
    await take({}, 3);
    await take({ device: "cpu:0" }, 3);
    expect(memory().liveTensors).toBe(before);
  });

  it("refuses a folder smaller than a batch", () => {
    expect(() => new Loader(split, [spec], { batch: 24, seed: 0 })).toThrow(UserError);
    expect(() => new Loader(split, [spec], { batch: 12, world: 2, seed: 0 })).toThrow(
      /12 images of one batch on each of 2 ranks .* found 23; lower the batch: --set batch=11$/,
    );
  });
});

describe("unreadable images", () => {
  async function damaged(count: number, bad: readonly number[]) {
    const folder = temporaryFolder();
    await writeImages(
      folder.path,
      Array.from({ length: count }, (_, i) => `${String(i).padStart(2, "0")}.jpg`),
      32,
    );
    const { train } = openFolder(folder.path);
    const jpeg = await sampleImage(32, 32).jpeg().toBuffer();
    for (const i of bad) {
      writeFileSync(join(folder.path, train.items[i]!.path), i % 2 ? "nonsense" : jpeg.subarray(0, jpeg.length - 100));
    }
    return { folder, train, [Symbol.dispose]: () => folder[Symbol.dispose]() };
  }

  it("are replaced by others, the same ones in every run, and reported once", async () => {
    using data = await damaged(20, [3, 6, 11, 14]);
    const run = async (step: number, count: number) => {
      const skipped: { path: string; reason: string }[] = [];
      const batches = await take({ onSkip: (s) => skipped.push(s) }, count, step, [spec], data.train);
      return { batches, skipped };
    };
    const one = await run(0, 10);
    expect(one.skipped.map(({ path }) => path).sort()).toEqual(["03.jpg", "06.jpg", "11.jpg", "14.jpg"]);
    expect(one.skipped.find(({ path }) => path === "03.jpg")?.reason).toMatch(/not an image/);
    expect(one.skipped.find(({ path }) => path === "06.jpg")?.reason).toMatch(/ends early/);
    for (const { indices } of one.batches) for (const index of indices) expect([3, 6, 11, 14]).not.toContain(index);
    expect((await run(0, 10)).batches).toEqual(one.batches);
    expect((await run(7, 3)).batches).toEqual(one.batches.slice(7));
  });

  it("end the run where most are unreadable, and say why", async () => {
    using data = await damaged(12, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    await expect(take({}, 1, 0, [spec], data.train)).rejects.toThrow(UserError);
    await expect(take({}, 1, 0, [spec], data.train)).rejects.toThrow(
      /of the \d+ tried cannot be read, such as \d\d\.jpg: /,
    );
  });

  it("end the run where the folder vanishes", async () => {
    using data = await damaged(16, []);
    const loader = new Loader(data.train, [spec], { batch: 4, seed: 0 });
    const read = async () => {
      for await (const { views, step } of loader.batches()) {
        for (const view of views) view.dispose();
        if (step !== 4) continue;
        rmSync(data.folder.path, { recursive: true });
        // Time for what was read ahead to fail, until no image is left that is not known to be unreadable.
        await setTimeout(200);
      }
    };
    await expect(read()).rejects.toThrow(/the file is gone/);
  });
});

it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("refuses batches of %s images", async (batch) => {
  const line = `Expected a whole number from 1 for batch, got ${batch}`;
  expect(() => new Loader(split, [spec], { batch, seed: 0 })).toThrow(new UsageError(line));
  await expect(evalBatches(split, 16, { batch, mean: [0, 0, 0], std: [1, 1, 1] }).next()).rejects.toThrow(line);
});

describe("evalBatches", () => {
  it("gives every readable image once, in order, with its label", async () => {
    using folder = temporaryFolder();
    await writeImages(folder.path, ["a/1.png", "a/2.png", "b/3.png", "b/4.png", "b/5.png"], 40, 30);
    writeFileSync(join(folder.path, "a/2.png"), "nonsense");
    const { train } = openFolder(folder.path);
    const skipped: string[] = [];
    const batches = [];
    for await (const { images, labels, indices } of evalBatches(train, 16, {
      batch: 2,
      mean: [0, 0, 0],
      std: [1, 1, 1],
      fraction: 1,
      onSkip: ({ path }) => skipped.push(path),
    })) {
      expect(images.shape).toEqual([labels.length, 3, 16, 16]);
      batches.push({ values: images.toNumbers(), labels: [...labels], indices: [...indices] });
      images.dispose();
    }
    expect(skipped).toEqual(["a/2.png"]);
    expect(batches.map(({ indices }) => indices)).toEqual([[0], [2, 3], [4]]);
    expect(batches.map(({ labels }) => labels)).toEqual([[0], [1, 1], [1]]);

    // 40 × 30 resized to a short side of 16 and cropped: the middle 30 × 30 but for rounding.
    const reader = new ImageReader();
    const views = [{ x: (2 * 40) / 21, y: 0, width: (16 * 40) / 21, height: 30, flip: false }];
    const image = join(folder.path, "b/3.png");
    const { data } = await reader.read([{ image, views }], { width: 16, height: 16, filter: "bilinear" });
    const { values } = batches[1]!;
    for (const at of [0, 77, 255]) expect(values[at]).toBeCloseTo(data[3 * at]! / 255, 5);
  });
});
