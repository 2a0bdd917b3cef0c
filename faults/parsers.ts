// What reads files that may come from strangers, and an intact file of each kind to begin from.

import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { loadSafetensors, saveSafetensors, scope, tensor, zeros } from "@unlabel/torch";
import { parquetWriteBuffer } from "hyparquet-writer";
import { UserError } from "../packages/unlabel/src/base/errors.ts";
import { openComparison, saveComparison } from "../packages/unlabel/src/compare/plan.ts";
import { readSettings } from "../packages/unlabel/src/config/files.ts";
import { chooseInput } from "../packages/unlabel/src/data/choose-input.ts";
import type { Split } from "../packages/unlabel/src/data/folder.ts";
import { decodeDescribed } from "../packages/unlabel/src/data/foreign/described.ts";
import { imagesOf } from "../packages/unlabel/src/data/images.ts";
import { openData } from "../packages/unlabel/src/data/open.ts";
import { ImageReader } from "../packages/unlabel/src/data/reader.ts";
import { cutIntoTiles } from "../packages/unlabel/src/data/tiles.ts";
import { inspected } from "../packages/unlabel/src/encoders/weights/inspect.ts";
import { openWeights } from "../packages/unlabel/src/encoders/weights/open-weights.ts";
import { readKept } from "../packages/unlabel/src/eval/encode-data.ts";
import { resolveConfig } from "../packages/unlabel/src/methods/registry.ts";
import { writeReport } from "../packages/unlabel/src/report/index.ts";
import { CheckpointFiles, stepOf } from "../packages/unlabel/src/run/checkpoint-files.ts";
import { lockRun } from "../packages/unlabel/src/run/lock.ts";
import { MetricsFile } from "../packages/unlabel/src/run/metrics.ts";
import { readRun } from "../packages/unlabel/src/run/read/run.ts";
import { sampleImage, writeImages } from "../packages/unlabel/src/testing/data.ts";
import { plan } from "../packages/unlabel/src/train/plan.ts";
import { CONFIG, idxHeader, jpegs, makeCheckpoints, makeRun, TERMS, tar } from "./parser-inputs.ts";

/** Sound files of every type; see fixtures/decode.py. */
const RASTERS = join(import.meta.dirname, "..", "fixtures", "decode");

/** Weights as other programs write them; see fixtures/weights.py. */
const WEIGHTS = join(import.meta.dirname, "..", "fixtures", "weights");

export interface Parser {
  /** Kinds of words that its files are made of. */
  words: readonly string[];
  /** Writes intact files below a folder. */
  make(folder: string): Promise<void>;
  /** Which of them are mutated, one at a time; by default all. */
  mutated?: RegExp;
  /** Reads what lies there; throws UserError or TorchError where it refuses. */
  parse(folder: string): unknown;
}

async function readImages(root: string): Promise<void> {
  const data = await openData(root);
  for (const split of [data.train, data.val]) {
    if (!split) continue;
    const items = split.items.slice(0, 40);
    const images = await imagesOf(split, items);
    const { sizes } = await reader().sizes(images);
    const usable = images.flatMap((image, i) => (sizes[i] ? [{ image, size: sizes[i] }] : []));
    await reader().read(
      usable.map(({ image, size }) => ({ image, views: [{ x: 0, y: 0, ...size, flip: false }] })),
      { width: 16, height: 16, filter: "bilinear" },
    );
  }
}

let made: ImageReader | undefined;
function reader(): ImageReader {
  made ??= new ImageReader({ threads: 1 });
  return made;
}

export const PARSERS: Record<string, Parser> = {
  safetensors: {
    words: ["json"],
    async make(folder) {
      const tensors = { weight: zeros([4, 3]), half: zeros([2], { dtype: "float16" }), on: tensor([true, false]) };
      saveSafetensors(join(folder, "plain.safetensors"), tensors, { step: "3", note: "a" });
      saveSafetensors(join(folder, "summed.safetensors"), tensors, { step: "3" }, { checksum: true });
    },
    parse(folder) {
      scope(() => {
        for (const name of readdirSync(folder)) loadSafetensors(join(folder, name));
      });
    },
  },
  weights: {
    words: ["pickle", "json"],
    make: async (folder) => cpSync(WEIGHTS, folder, { recursive: true }),
    async parse(folder) {
      const files = filesOf(folder).filter(({ name }) => /\.(pth|pkl|safetensors)$/.test(name));
      // Of many files one is mutated.
      const changed = files.filter(({ name, bytes }) => !bytes.equals(readFileSync(join(WEIGHTS, name))));
      const paths = changed.length > 0 ? changed.map(({ name }) => name) : ["timm", "transformers"];
      for (const path of paths) {
        const source = await openWeights(join(folder, path));
        try {
          for (const entry of source.entries) entry.bytes();
          JSON.stringify(inspected(source));
        } finally {
          source.close();
        }
      }
      if (existsSync("unlabel-was-here")) throw new Error("a command was run");
    },
  },
  config: {
    words: ["yaml", "json"],
    async make(folder) {
      writeFileSync(join(folder, "a.yaml"), CONFIG);
      writeFileSync(join(folder, "b.yaml"), JSON.stringify(resolveConfig({ flags: { method: "mae" } })));
    },
    parse(folder) {
      for (const file of readdirSync(folder)) {
        resolveConfig({ file: { name: file, settings: readSettings(join(folder, file)) } });
      }
    },
  },
  "run.json": {
    words: ["json"],
    mutated: /run\.json$/,
    async make(folder) {
      await makeRun(folder);
      mkdirSync(join(folder, "run", "checkpoints"), { recursive: true });
      for (const name of ["last.safetensors", "last.state.safetensors"])
        writeFileSync(join(folder, "run", "checkpoints", name), "");
    },
    parse(folder) {
      plan({ settings: {}, out: join(folder, "run"), resume: true });
    },
  },
  "metrics.jsonl": {
    words: ["json"],
    mutated: /metrics\.jsonl$/,
    make: async (folder) => void (await makeRun(folder)),
    parse(folder) {
      const file = new MetricsFile(join(folder, "run", "metrics.jsonl"));
      const last = file.last();
      file.rewind(last ? Math.min(last.step, 10) : 0);
      const steps = [...file.rows()].map(({ step }) => step);
      if (steps.some((step, i) => step <= (steps[i - 1] ?? 0) || step > 10))
        throw new Error(`steps ${steps} after rewinding`);
    },
  },
  checkpoints: {
    words: ["json"],
    make: async (folder) => makeCheckpoints(folder),
    parse(folder) {
      const files = new CheckpointFiles(folder);
      const damage = files.damage(stepOf);
      const found = files.recover(stepOf);
      if (found && ![3, 6].includes(found.step)) throw new Error(`step ${found.step} was never saved`);
      if (damage && found?.step === 6) throw new Error(`${damage.problem}, and yet step 6 is used`);
    },
  },
  "search's features": {
    words: ["json"],
    async make(folder) {
      const kept = {
        features: zeros([3, 4]),
        split: tensor(Int32Array.of(0, 0, 1)),
        index: tensor(Int32Array.of(0, 1, 0)),
      };
      saveSafetensors(join(folder, "plain.safetensors"), kept, { skipped: "0" });
      saveSafetensors(join(folder, "summed.safetensors"), kept, { skipped: "0" }, { checksum: true });
    },
    parse(folder) {
      const item = (path: string) => ({ path, label: 0 });
      const splits: Split[] = [
        { name: "train", root: folder, items: [item("a.jpg"), item("b.jpg")] },
        { name: "val", root: folder, items: [item("c.jpg")] },
      ];
      for (const name of readdirSync(folder)) {
        const kept = readKept(join(folder, name), splits);
        const whole = kept === null || kept.rows.every((row) => row.split.items.includes(row.item));
        kept?.features.dispose();
        if (!whole) throw new Error("Expected a row for each image");
      }
    },
  },
  "compare.json": {
    words: ["json"],
    async make(folder) {
      saveComparison(folder, openComparison(folder, TERMS));
      await makeRun(join(folder, "mae-0"));
    },
    mutated: /compare\.json$/,
    parse(folder) {
      openComparison(folder, TERMS);
      return readRun(join(folder, "mae-0", "run"));
    },
  },
  lock: {
    words: ["json"],
    async make(folder) {
      writeFileSync(
        join(folder, "lock"),
        JSON.stringify({ pid: 2 ** 22 + 1, host: hostname(), start: "2026-01-01T00:00:00.000Z", birth: "boot 123" }),
      );
    },
    parse(folder) {
      lockRun(folder)[Symbol.dispose]();
    },
  },
  "report's files": {
    words: ["json"],
    make: async (folder) => void makeCheckpoints(join(await makeRun(folder), "checkpoints")),
    parse: (folder) => readRun(join(folder, "run")),
  },
  report: {
    words: ["json"],
    make: async (folder) => void (await makeRun(folder)),
    parse: (folder) => writeReport([join(folder, "run")], join(folder, "report.html")),
  },
  "Labels.json": {
    words: ["json"],
    mutated: /Labels\.json$/,
    async make(folder) {
      await writeImages(folder, ["train.X1/n01/a.jpg", "train.X2/n02/b.jpg", "val.X/n01/c.jpg"], 20);
      writeFileSync(join(folder, "Labels.json"), JSON.stringify({ n01: "tench", n02: "church, church building" }));
    },
    parse: (folder) => openData(folder),
  },
  "tar shards": {
    words: ["path", "json"],
    async make(folder) {
      const files = await jpegs(6);
      const members = files.flatMap((bytes, i): [string, Buffer][] => [
        [`${i}.jpg`, bytes],
        i % 2 ? [`${i}.cls`, Buffer.from(String(i % 3))] : [`${i}.json`, Buffer.from(JSON.stringify({ label: i % 3 }))],
      ]);
      writeFileSync(join(folder, "train-000.tar"), tar(members));
    },
    parse: (folder) => readImages(join(folder, "train-000.tar")),
  },
  parquet: {
    words: ["json"],
    async make(folder) {
      const columnData = [
        { name: "image", data: await jpegs(6), type: "BYTE_ARRAY" as const },
        { name: "label", data: [0, 1, 2, 0, 1, 2], type: "INT32" as const },
      ];
      writeFileSync(join(folder, "train.parquet"), Buffer.from(parquetWriteBuffer({ columnData, rowGroupSize: 2 })));
    },
    parse: (folder) => readImages(join(folder, "train.parquet")),
  },
  "parquet in parts": {
    words: ["json"],
    async make(folder) {
      cpSync(join(import.meta.dirname, "..", "fixtures", "large-row-group.parquet"), join(folder, "train.parquet"));
    },
    parse: (folder) => readImages(join(folder, "train.parquet")),
  },
  idx: {
    words: [],
    async make(folder) {
      const pixels = Buffer.from(Array.from({ length: 6 * 9 * 8 }, (_, i) => i % 251));
      writeFileSync(join(folder, "train-images-idx3-ubyte"), Buffer.concat([idxHeader(6, 9, 8), pixels]));
      writeFileSync(
        join(folder, "train-labels-idx1-ubyte"),
        Buffer.concat([idxHeader(6), Buffer.from([0, 1, 2, 0, 1, 2])]),
      );
      writeFileSync(join(folder, "t10k-images-idx3-ubyte.gz"), gzipSync(Buffer.concat([idxHeader(6, 9, 8), pixels])));
    },
    parse: readImages,
  },
  cifar: {
    words: ["path"],
    async make(folder) {
      const record = (label: number) => Buffer.concat([Buffer.from([label]), Buffer.alloc(3072, 40 * label)]);
      writeFileSync(join(folder, "data_batch_1.bin"), Buffer.concat([0, 1, 2, 3].map(record)));
      writeFileSync(join(folder, "test_batch.bin"), Buffer.concat([4, 5].map(record)));
      writeFileSync(join(folder, "batches.meta.txt"), [..."abcdefghij"].join("\n"));
    },
    parse: readImages,
  },
  "file list": {
    words: ["path"],
    mutated: /list\.csv$/,
    async make(folder) {
      await writeImages(folder, ["a.jpg", "b.jpg", "c.jpg"], 20);
      writeFileSync(join(folder, "list.csv"), 'path,label,split\na.jpg,x,train\n"b.jpg",y,train\nc.jpg,x,val\n');
    },
    parse: (folder) => readImages(join(folder, "list.csv")),
  },
  "TIFFs, arrays and bitmaps": {
    words: [],
    async make(folder) {
      for (const name of readdirSync(RASTERS)) cpSync(join(RASTERS, name), join(folder, name));
    },
    async parse(folder) {
      for (const name of readdirSync(folder)) {
        const file = join(folder, name);
        // Of many files one is mutated.
        if (readFileSync(file).equals(readFileSync(join(RASTERS, name)))) continue;
        try {
          const split: Split = { name: "train", root: folder, items: [{ path: name, label: -1 }] };
          const { split: tiles } = await cutIntoTiles(split, 16);
          const { input } = await chooseInput(tiles, { channels: "auto", bands: null, range: "auto", tiles: 16 }, 0);
          await decodeDescribed({ file, input, tile: null }, async () => {});
        } catch (error) {
          // Plain errors are reasons for people; of any other kind none was meant.
          if (error instanceof Error && error.constructor === Error) throw new UserError(error.message);
          throw error;
        }
      }
    },
  },
  images: {
    words: [],
    async make(folder) {
      for (const [i, format] of (["jpg", "png", "webp", "gif", "tiff", "avif"] as const).entries()) {
        await sampleImage(24, 20, i).toFile(join(folder, `${i}.${format}`));
      }
      await sampleImage(40, 30, 7)
        .jpeg({ progressive: true })
        .withExif({ IFD0: { Copyright: "none" } })
        .toFile(join(folder, "p.jpg"));
    },
    parse: readImages,
  },
};

/** Every file below a folder, as its bytes. */
export function filesOf(folder: string): { name: string; bytes: Buffer }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort()
    .map((path) => ({ name: path.slice(folder.length + 1), bytes: readFileSync(path) }));
}
