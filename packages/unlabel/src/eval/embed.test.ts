import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadSafetensors, memory, saveSafetensors, scope, tensor, zeros } from "@unlabel/torch";
import { parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resolveConfig } from "../methods/registry.ts";

import { temporaryFolder, writeImages } from "../testing/data.ts";
import { SIDE, writeCheckpoint, writeLabelled } from "../testing/labelled.ts";
import { untrainedMethod } from "./baselines.ts";
import { embed } from "./embed.ts";
import { search } from "./search.ts";

const config = resolveConfig({
  flags: { method: "simclr", encoder: "vit_tiny", patch: 8, size: SIDE, batch: 8, device: "cpu" },
});
const quiet = { stream: { write: () => true } };
const root = temporaryFolder();
afterAll(() => root[Symbol.dispose]());

let [data, run, loose] = ["", "", ""];
beforeAll(async () => {
  data = await writeLabelled(join(root.path, "data"), { train: 3, val: 2 }, "labelled");
  loose = join(root.path, "loose");
  await writeImages(loose, ['a, "quoted".png', "b.png", "deep/er/c.png"]);
  const method = untrainedMethod(config);
  run = await writeCheckpoint(join(root.path, "run"), method, config);
  method.dispose();
});

/** A .npy of float32 in C order: its shape and values. */
function readNpy(file: string): { shape: number[]; values: Float32Array } {
  const bytes = readFileSync(file);
  expect(bytes.subarray(0, 8).toString("latin1")).toBe("\x93NUMPY\x01\x00");
  const start = 10 + bytes.readUInt16LE(8);
  expect(start % 64).toBe(0);
  const header = bytes.subarray(10, start).toString();
  expect(header).toMatch(/^\{'descr': '<f4', 'fortran_order': False, 'shape': \(\d+, \d+\), \} *\n$/);
  const shape = /\((\d+), (\d+)\)/.exec(header)!.slice(1).map(Number);
  return {
    shape,
    values: new Float32Array(bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + bytes.length)),
  };
}

describe("embed", () => {
  it("writes the same features in every format, with path, split and class of each row", async () => {
    const at = (name: string) => join(root.path, "out", name);
    const live = memory().liveTensors;
    const done = await embed(run, data, at("f.npy"), quiet);
    expect(memory().liveTensors).toBeLessThanOrEqual(live);
    expect(done).toMatchObject({ images: 20, dim: 384, skipped: 0, step: 42, format: "npy", size: SIDE });
    expect(done.files).toEqual([at("f.npy"), at("f.rows.csv")]);
    const { shape, values } = readNpy(at("f.npy"));
    expect(shape).toEqual([20, 384]);
    const list = readFileSync(at("f.rows.csv"), "utf8").trimEnd().split("\n");
    expect(list).toHaveLength(21);
    expect([list[0], list[1], list[20]]).toEqual([
      "path,split,class",
      "train/ant/0.png,train,ant",
      "val/dog/1.png,val,dog",
    ]);

    await embed(run, data, at("wide.csv"), quiet);
    const wide = readFileSync(at("wide.csv"), "utf8").trimEnd().split("\n");
    expect(wide[0]!.split(",").slice(0, 5)).toEqual(["path", "split", "class", "f0", "f1"]);
    expect(Float32Array.from(wide.slice(1).flatMap((line) => line.split(",").slice(3).map(Number)))).toEqual(values);

    await embed(run, data, at("f.safetensors"), quiet);
    const { tensors, metadata } = loadSafetensors(at("f.safetensors"));
    expect(tensors.features!.toArray()).toEqual(values);
    expect(tensors.labels!.toNumbers().slice(0, 4)).toEqual([0, 0, 0, 1]);
    expect(JSON.parse(metadata.paths!)).toHaveLength(20);
    expect(metadata.step).toBe("42");
    for (const tensor of Object.values(tensors)) tensor.dispose();

    await embed(run, data, at("f.parquet"), quiet);
    const bytes = readFileSync(at("f.parquet"));
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
    const rows = await parquetReadObjects({ file });
    expect(rows).toHaveLength(20);
    expect(rows[0]).toMatchObject({ path: "train/ant/0.png", split: "train", class: "ant" });
    expect(Float32Array.from(rows.flatMap(({ features }) => features as number[]))).toEqual(values);
    // Nothing half written is left.
    expect(readdirSync(join(root.path, "out")).sort()).toEqual([
      "f.npy",
      "f.parquet",
      "f.rows.csv",
      "f.safetensors",
      "wide.csv",
    ]);
  });

  it("takes images without labels, whatever their names, and leaves out what cannot be read", async () => {
    writeFileSync(join(loose, "torn.png"), "no image");
    const done = await embed(run, loose, join(root.path, "loose.npy"), quiet);
    expect(done).toMatchObject({ images: 3, skipped: 1 });
    expect(readFileSync(join(root.path, "loose.rows.csv"), "utf8")).toBe(
      'path,split,class\n"a, ""quoted"".png",train,\nb.png,train,\ndeep/er/c.png,train,\n',
    );
  });

  it("refuses a format that it does not know before any work", async () => {
    await expect(embed(run, data, "features.parket", quiet)).rejects.toThrow(
      "Expected a file that ends in .npy, .parquet, .safetensors or .csv, got features.parket (did you mean .parquet?)",
    );
  });
});

describe("search", () => {
  it("finds the image itself first, then images of its kind, and keeps features for the next time", async () => {
    const image = join(data, "val", "bee", "0.png");
    const live = memory().liveTensors;
    const first = await search(run, image, data, { ...quiet, k: 5 });
    expect(memory().liveTensors).toBeLessThanOrEqual(live);
    expect(first).toMatchObject({ images: 20, cached: false, step: 42, thumbnails: [] });
    expect(first.found).toHaveLength(5);
    expect(first.found[0]).toMatchObject({ path: "val/bee/0.png", split: "val", class: "bee" });
    expect(first.found[0]!.similarity).toBeCloseTo(1, 5);
    expect(first.found.map((one) => one.class)).toEqual(["bee", "bee", "bee", "bee", "bee"]);

    const again = await search(run, image, data, { ...quiet, k: 5, thumbnails: 32 });
    expect(again.cached).toBe(true);
    expect(again.found.map(({ path }) => path)).toEqual(first.found.map(({ path }) => path));
    expect(again.thumbnails).toHaveLength(6);
    expect(Buffer.from(again.thumbnails[0]!).subarray(0, 2)).toEqual(Buffer.of(0xff, 0xd8));
  });

  it("encodes again where the images changed, and searches without labels, for more than there are", async () => {
    const image = join(loose, "b.png");
    const found = await search(run, image, loose, { ...quiet, k: 50 });
    expect(found).toMatchObject({ cached: false, images: 3, skipped: 1 });
    expect(found.found.map((one) => one.class)).toEqual([null, null, null]);
    expect((await search(run, image, loose, quiet)).cached).toBe(true);
    await writeImages(loose, ["d.png", "e.png"]);
    expect(await search(run, image, loose, quiet)).toMatchObject({ cached: false, images: 5 });
    expect(existsSync(join(run, "cache"))).toBe(true);
  });

  it("encodes again in another number format, at another step and with other weights of one step, and keeps each format's", async () => {
    const image = join(data, "val", "bee", "0.png");
    const path = join(root.path, "formats");
    const save = async (seed: number, step: number) => {
      const method = untrainedMethod({ ...config, seed });
      await writeCheckpoint(path, method, config);
      scope(() =>
        saveSafetensors(join(path, "checkpoints", "last.safetensors"), method.stateDict(), { step: String(step) }),
      );
      method.dispose();
    };
    const cached = async (precision: "fp32" | "bf16") =>
      (await search(path, image, data, { ...quiet, precision })).cached;
    await save(0, 42);
    expect([await cached("fp32"), await cached("bf16"), await cached("fp32"), await cached("bf16")]).toEqual([
      false,
      false,
      true,
      true,
    ]);
    // What an older version kept is not read, and goes.
    const cache = join(path, "cache");
    writeFileSync(join(cache, "features-0123-42-32.safetensors"), "");
    await save(1, 42);
    expect([await cached("fp32"), readdirSync(cache).length, await cached("fp32")]).toEqual([false, 1, true]);
    await save(1, 43);
    expect([await cached("fp32"), await cached("fp32")]).toEqual([false, true]);
  });

  it("encodes again where the features that were kept are damaged, or not of these images", async () => {
    const image = join(data, "val", "bee", "0.png");
    await search(run, image, data, quiet);
    const cache = join(run, "cache");
    const kept = readdirSync(cache).find((name) => readFileSync(join(cache, name)).length > 20 * 384 * 4)!;
    const bytes = readFileSync(join(cache, kept));
    bytes[bytes.length - 200]! ^= 1;
    writeFileSync(join(cache, kept), bytes);
    expect((await search(run, image, data, quiet)).cached).toBe(false);
    for (const index of [Int32Array.of(0, 1), Int32Array.of(0), Int32Array.of(0, -1)]) {
      scope(() => {
        const [features, split] = [zeros([2, 3]), tensor(Int32Array.of(0, 7))];
        saveSafetensors(join(cache, kept), { features, split, index: tensor(index) }, { skipped: "0" });
      });
      const live = memory().liveTensors;
      expect((await search(run, image, data, quiet)).cached).toBe(false);
      expect(memory().liveTensors).toBeLessThanOrEqual(live);
    }
  });

  it("says what is wrong with the image", async () => {
    await expect(search(run, join(loose, "none.png"), data, quiet)).rejects.toThrow(
      /Expected an image .* does not exist/,
    );
    await expect(search(run, join(loose, "torn.png"), data, quiet)).rejects.toThrow(/Expected an image .*torn\.png: ./);
  });
});
