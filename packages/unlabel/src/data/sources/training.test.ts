// Training from sources that are no folder, all the way: from an archive's bytes to weights.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { manualSeed } from "@unlabel/torch";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterEach, expect, it, vi } from "vitest";
import { nativeReader } from "../../base/native.ts";
import { RunDirectory } from "../../run/directory.ts";
import { cifarOf, tarOf } from "../../testing/archives.ts";
import { sampleImage, temporaryFolder } from "../../testing/data.ts";
import { pretrain } from "../../train/pretrain.ts";

const SETTINGS = {
  method: "mae",
  size: 32,
  patch: 8,
  decoder_width: 32,
  decoder_depth: 1,
  batch: 4,
  epochs: 2,
  warmup_epochs: 0,
  device: "cpu",
  precision: "fp32",
  health_every: 0,
};

afterEach(() => vi.unstubAllEnvs());

it("trains from tar shards, and goes on after a stop as if there had been none", async () => {
  using folder = temporaryFolder();
  // The native parts lie in the cache too: they are loaded before it is another.
  manualSeed(0);
  nativeReader();
  vi.stubEnv("UNLABEL_CACHE", join(folder.path, "cache"));
  const image = async (i: number) => ({ path: `${i}.jpg`, content: await sampleImage(40, 40, i).jpeg().toBuffer() });
  for (const shard of [0, 1]) {
    const images = await Promise.all(Array.from({ length: 8 }, (_, i) => image(8 * shard + i)));
    writeFileSync(join(folder.path, `train-${shard}.tar`), tarOf(images));
  }
  const data = join(folder.path, "train-{0..1}.tar");
  const train = (name: string, stopAt: number | null, resume = false) => {
    const write = (text: string) => {
      if (stopAt !== null && text.includes(` ${stopAt}/8 `)) process.emit("SIGINT", "SIGINT");
    };
    const more = resume ? { settings: {}, resume } : { settings: { flags: SETTINGS }, data };
    return pretrain({ ...more, out: join(folder.path, name), stream: { write }, processSignals: true });
  };
  const weights = (name: string) => readFileSync(RunDirectory.open(join(folder.path, name)).weights);
  const { info } = await train("whole", null);
  expect(info.data).toMatchObject({ layout: "webdataset", root: data, train: 16 });
  expect((await train("parts", 1)).interrupted).toBe(true);
  expect((await train("parts", null, true)).interrupted).toBe(false);
  // Compared at once: element by element it takes minutes.
  expect(weights("parts").equals(weights("whole"))).toBe(true);
});

it("notes where a run that goes on sees its images in another order than the version that began it", async () => {
  using folder = temporaryFolder();
  manualSeed(0);
  nativeReader();
  vi.stubEnv("UNLABEL_CACHE", join(folder.path, "cache"));
  // Four megabytes in one row group: each image is followed by nothing.
  const images = await Promise.all(
    Array.from({ length: 16 }, async (_, i) => {
      const jpeg = await sampleImage(40, 40, i).jpeg().toBuffer();
      return new Uint8Array(Buffer.concat([jpeg], 250_000));
    }),
  );
  const columnData = [{ name: "image", data: images, type: "BYTE_ARRAY" as const }];
  const data = join(folder.path, "train.parquet");
  writeFileSync(data, new Uint8Array(parquetWriteBuffer({ columnData, pageSize: 500_000 })));
  const out = join(folder.path, "run");
  const train = (stopAt: number | null) => {
    const write = (text: string) => {
      if (stopAt !== null && text.includes(` ${stopAt}/8 `)) process.emit("SIGINT", "SIGINT");
    };
    const more = stopAt === null ? { settings: {}, resume: true } : { settings: { flags: SETTINGS }, data };
    return pretrain({ ...more, out, stream: { write }, processSignals: true });
  };
  expect((await train(1)).info.data.order).toBe("by pages");
  const file = join(out, "run.json");
  const { data: about, ...info } = JSON.parse(readFileSync(file, "utf8"));
  const { order: _, ...before } = about;
  writeFileSync(file, JSON.stringify({ ...info, data: before }));
  const { info: done, interrupted } = await train(null);
  expect(interrupted).toBe(false);
  expect(done.notes).toEqual([expect.stringMatching(/^from step \d on, images come in another order: .* by pages, /)]);
  expect(done.data.order).toBe("by pages");
});

// The real program, as a shell runs it: needs the built dist/, as `npm test` makes it.
it("trains from CIFAR's files on the command line", () => {
  using folder = temporaryFolder();
  const [data, out] = ["cifar", "run"].map((name) => join(folder.path, name));
  mkdirSync(data!);
  for (const [name, count] of [
    ["data_batch_1.bin", 9],
    ["test_batch.bin", 2],
  ] as const)
    writeFileSync(join(data!, name), cifarOf(Array.from({ length: count }, (_, i) => [i])));
  const settings = Object.entries(SETTINGS).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
  const bin = join(import.meta.dirname, "..", "..", "..", "bin", "unlabel.mjs");
  const args = [bin, "pretrain", data!, ...settings, "--out", out!, "--json"];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect(status, stderr).toBe(0);
  expect(JSON.parse(stdout.trimEnd().split("\n").at(-1)!)).toMatchObject({
    run: out,
    method: "mae",
    steps: 4,
    skipped: 0,
  });
  expect(RunDirectory.open(out!).info.data).toMatchObject({ layout: "cifar-10", train: 9, val: 2 });
});
