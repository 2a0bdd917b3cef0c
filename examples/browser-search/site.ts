// A folder that any web server can give out: the page, ONNX Runtime for browsers, a run's encoder as an ONNX file with its preprocessing
// inside, and of each image a thumbnail and its features in 8 bits.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { exportEncoder, type ImageSource, type Item, loadEncoder, openData, type Split, UserError } from "unlabel";

export interface SiteOptions {
  /** A run directory. */
  run: string;
  /** The images that are searched. */
  folder: string;
  /** The folder to write. */
  out: string;
  /** Number format of the encoder's weights; default `int8`, a quarter of the bytes. */
  precision?: "fp32" | "fp16" | "int8";
  /** Told how far it has come. */
  onProgress?: (done: number, of: number) => void;
}

export interface Site {
  images: number;
  /** What could not be read. */
  skipped: string[];
  /** Of what a visitor loads before the first search. */
  bytes: number;
}

/** Edge of a thumbnail in pixels, at twice what the page shows. */
const THUMBNAIL = 256;
/** Images encoded at a time. */
const BATCH = 32;
const PAGE = ["index.html", "style.css", "search.js", "app.js"];
/** The runtime on the CPU: the script, and what it loads. */
const RUNTIME = ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"];

/**
 * Writes the site; one that was there is written over.
 *
 * @throws {UserError} where none of the images can be read, or the run's are no photographs, which is all that a page has
 */
export async function buildSite({ run, folder, out, precision = "int8", onProgress }: SiteOptions): Promise<Site> {
  using encoder = await loadEncoder(run);
  const { channels, range, bands } = encoder.input;
  if (channels !== 3 || range !== null || bands !== null) {
    throw new UserError(`Expected a run on photographs, which browsers read, got ${channels} channels in ${run}`);
  }
  const model = await exportEncoder(run, {
    ...{ to: "onnx", out: join(out, "model"), preprocessing: "with", precision, size: encoder.size },
  });
  rmSync(join(out, "thumbnails"), { recursive: true, force: true });
  mkdirSync(join(out, "thumbnails"), { recursive: true });
  const [names, skipped, rows]: [string[], string[], Int8Array[]] = [[], [], []];
  for await (const { name, image } of imagesOf(folder, onProgress)) {
    try {
      const small = sharp(image, { failOn: "error" }).rotate().flatten({ background: "white" });
      const thumbnail = await small.resize(THUMBNAIL, THUMBNAIL, { fit: "cover" }).webp({ quality: 78 }).toBuffer();
      rows.push(narrow(await encoder.encode(image)));
      writeFileSync(join(out, "thumbnails", `${names.length}.webp`), thumbnail);
      names.push(name);
    } catch {
      skipped.push(name);
    }
  }
  if (rows.length === 0) throw new UserError(`Expected images that can be read in ${folder}, got none`);
  const file = model.files.find(({ path }) => path.endsWith(".onnx"))!;
  const { method, architecture, dim, size } = encoder;
  const index = { model: `model/${file.path}`, license: model.license, method, architecture, dim, size, names };
  writeFileSync(join(out, "index.json"), JSON.stringify(index));
  writeFileSync(join(out, "features.bin"), Buffer.concat(rows.map((row) => Buffer.from(row.buffer))));
  for (const name of PAGE) copyFileSync(join(import.meta.dirname, "page", name), join(out, name));
  const runtime = dirname(createRequire(import.meta.url).resolve("onnxruntime-web/wasm"));
  mkdirSync(join(out, "runtime"), { recursive: true });
  for (const name of RUNTIME) copyFileSync(join(runtime, name), join(out, "runtime", name));
  const loaded = [...RUNTIME.map((name) => `runtime/${name}`), index.model, "features.bin", "index.json", ...PAGE];
  const bytes = loaded.reduce((sum, name) => sum + readFileSync(join(out, name)).length, 0);
  return { images: rows.length, skipped, bytes };
}

/** Every image of a data set, as files or from archives. */
async function* imagesOf(folder: string, onProgress?: SiteOptions["onProgress"]) {
  const { train, val } = await openData(folder);
  const splits = val ? [train, val] : [train];
  const of = splits.reduce((sum, { items }) => sum + items.length, 0);
  let done = 0;
  for (const split of splits) {
    for (let at = 0; at < split.items.length; at += BATCH) {
      const items = split.items.slice(at, at + BATCH);
      for (const [i, image] of (await bytesOf(split, items)).entries()) {
        yield { name: items[i]!.path, image };
        onProgress?.(++done, of);
      }
    }
  }
}

async function bytesOf(split: Split, items: readonly Item[]): Promise<Uint8Array[]> {
  const images: ImageSource[] = split.load ? await split.load(items) : items.map(({ path }) => join(split.root, path));
  return images.map((image) => (typeof image === "string" ? readFileSync(image) : (image as Uint8Array)));
}

/** A row in 8 bits: of a cosine its length does not matter. */
function narrow(row: Float32Array): Int8Array {
  const most = row.reduce((max, value) => Math.max(max, Math.abs(value)), 0) || 1;
  return Int8Array.from(row, (value) => Math.round((127 * value) / most));
}
