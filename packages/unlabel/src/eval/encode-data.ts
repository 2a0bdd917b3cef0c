// Every image of a source as features of a run's encoder, labelled or not: what `embed` writes and `search` looks through.

import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  cat,
  loadSafetensors,
  noGrad,
  saveSafetensors,
  scope,
  type Tensor,
  TorchError,
  tensor,
  zeros,
} from "@unlabel/torch";
import { allowedMemory } from "../base/allowed-memory.ts";
import { UserError } from "../base/errors.ts";
import { makeFolder } from "../base/files.ts";
import { writableFile } from "../base/output-file.ts";
import { unbroken } from "../base/signals.ts";
import type { Dataset, Item, Split } from "../data/folder.ts";
import type { ViewSpec } from "../data/views.ts";
import type { Encoder } from "../encoders/encoder.ts";
import type { RunDirectory } from "../run/directory.ts";
import { Progress } from "../train/progress.ts";
import type { HasEncoder } from "./evaluated.ts";
import { checksum, extract, frozen } from "./features.ts";
import { type MachineOptions, settleMachine } from "./session.ts";

/** Where an image lies. */
export interface Row {
  split: Split;
  item: Item;
}

export interface Encoding {
  /** float32 `[N, D]` on the CPU, of tokens `[N, h, w, D]`. */
  features: Tensor;
  /** Which image each row is: those of train, then those of val, each in its order. */
  rows: Row[];
  /** Images that could not be read. */
  skipped: number;
  /** Whether the features were there already. */
  cached: boolean;
}

/**
 * Encodes all of `data`'s images once with the encoder of `method`.
 *
 * @param options with `tokens` a vector for each place of an image, `[N, h, w, D]`, instead of one for the image
 */
export async function encodeData(
  method: HasEncoder,
  data: Dataset,
  view: Parameters<typeof extract>[2]["view"],
  options: MachineOptions & {
    tokens?: boolean | undefined;
    /** Hears how many images are encoded, and of how many. */
    onEncoded?: ((done: number, total: number) => void) | undefined;
  },
  machine = settleMachine(options),
): Promise<Encoding> {
  const { encoder } = method;
  encoder.to({ device: machine.device, memoryFormat: "channels_last" });
  const splits = splitsOf(data);
  const total = splits.reduce((sum, { items }) => sum + items.length, 0);
  const progress = new Progress({ total, unit: "image", stream: options.stream ?? process.stderr });
  const [parts, rows]: [Tensor[], Row[]] = [[], []];
  let skipped = 0;
  const encodeAll = async (fast: Encoder) => {
    if (options.tokens) refuseTooMany(fast, view, total, machine.device);
    for (const split of splits) {
      const before = rows.length + skipped;
      const found = await extract(
        split,
        { own: options.tokens ? (images) => placesOf(fast, images) : (images) => fast.features(images) },
        {
          ...machine,
          view,
          batch: 256,
          onProgress: (count) => {
            progress.update(before + count, "", "encoding");
            options.onEncoded?.(before + count, total);
          },
          onSkip: ({ path, reason }) => {
            skipped++;
            progress.log(`skipped ${path}: ${reason}`);
          },
        },
      );
      parts.push(found.features.own.x);
      // One by one: a call takes no million arguments.
      for (const i of found.indices) rows.push({ split, item: split.items[i]! });
    }
  };
  await frozen(encoder, encodeAll, machine);
  progress.end();
  const features = scope(() => cat(parts, 0).to({ device: "cpu" }).contiguous());
  for (const part of parts) part.dispose();
  return { features, rows, skipped, cached: false };
}

/** `[B, h, w, D]`. */
function placesOf(encoder: Encoder, images: Tensor): Tensor {
  const { tokens, grid } = encoder.tokens(images);
  return tokens.reshape([images.shape[0]!, ...grid, tokens.shape[2]!]);
}

/** All tokens are in memory twice before they are written. The encoder must be in evaluation mode. @throws {UserError} where they would not fit */
function refuseTooMany(
  encoder: Encoder,
  { size, mean }: Pick<ViewSpec, "size" | "mean">,
  images: number,
  device: string,
): void {
  const [places, width] = noGrad(() =>
    scope(() => {
      const { tokens } = encoder.tokens(zeros([1, mean.length, size, size], { device }));
      return [tokens.shape[1]!, tokens.shape[2]!];
    }),
  );
  const bytes = 2 * 4 * images * places * width;
  if (bytes < allowedMemory()) return;
  throw new UserError(
    `Expected tokens that fit in memory, got ${images} images of ${places} × ${width} numbers (${(bytes / 1e9).toFixed(0)} GB, of ${(allowedMemory() / 1e9).toFixed(0)}); embed fewer images at a time, or a smaller --size`,
  );
}

/**
 * As {@link encodeData}, but what the same weights made of the same images, at that size, in that number format and on a device of
 * that kind, is read from the run directory, where it is kept. What other weights made is removed.
 */
export async function encodeCached(
  run: RunDirectory,
  { method, step }: { method: HasEncoder; step: number },
  data: Dataset,
  view: Parameters<typeof extract>[2]["view"],
  options: Parameters<typeof encodeData>[3],
): Promise<Encoding> {
  const machine = settleMachine(options);
  const { folder, file, weights } = keptAt(run, { method, step }, data, view, machine);
  const splits = splitsOf(data);
  const before = existsSync(file) ? readKept(file, splits) : null;
  if (before) return before;
  writableFile(file);
  const found = await encodeData(method, data, view, options, machine);
  makeFolder(folder);
  for (const name of readdirSync(folder)) {
    // What is still being written has another ending.
    const whole = name.startsWith("features-") && name.endsWith(".safetensors");
    if (whole && !name.endsWith(`-${weights}.safetensors`)) rmSync(join(folder, name), { force: true });
  }
  const places = new Map(splits.flatMap(({ items }) => items.map((item, i) => [item, i] as const)));
  scope(() => {
    const split = tensor(Int32Array.from(found.rows, (row) => splits.indexOf(row.split)));
    const index = tensor(Int32Array.from(found.rows, ({ item }) => places.get(item)!));
    const kept = { features: found.features, split, index };
    unbroken(() => saveSafetensors(file, kept, { skipped: String(found.skipped) }, { checksum: true }));
  });
  return found;
}

/** Where features are kept. */
function keptAt(
  run: RunDirectory,
  { method, step }: { method: HasEncoder; step: number },
  data: Dataset,
  view: Parameters<typeof extract>[2]["view"],
  { precision, device }: ReturnType<typeof settleMachine>,
) {
  const folder = join(run.path, "cache");
  // A step that was trained again, as after a crash on another machine, has other weights.
  const weights = checksum(method.encoder).slice(0, 16);
  const kind = `${precision}-${device.split(":")[0]}`;
  const name = `features-${data.fingerprint}-${step}-${view.size}-${kind}-${weights}.safetensors`;
  return { folder, file: join(folder, name), weights };
}

/** What {@link encodeCached} has kept; null where there is nothing. Writes nothing. */
export function alreadyEncoded(
  run: RunDirectory,
  trained: { method: HasEncoder; step: number },
  data: Dataset,
  view: Parameters<typeof extract>[2]["view"],
  machine: ReturnType<typeof settleMachine>,
): Encoding | null {
  const { file } = keptAt(run, trained, data, view, machine);
  return existsSync(file) ? readKept(file, splitsOf(data)) : null;
}

/** Features that were kept of these splits; null where the file is damaged or another's, so that they are encoded again. */
export function readKept(file: string, splits: readonly Split[]): Encoding | null {
  const read = loaded(file);
  if (read === null) return null;
  const { features, split, index } = read.tensors;
  const skipped = Number(read.metadata.skipped ?? Number.NaN);
  const [which, places] = [split?.toNumbers() ?? [], index?.toNumbers() ?? []];
  const rows = places.flatMap((place, n): Row[] => {
    const own = splits[which[n] ?? -1];
    const item = own?.items[place];
    return own && item ? [{ split: own, item }] : [];
  });
  const whole = features?.shape.length === 2 && features.dtype === "float32" && features.shape[0] === rows.length;
  // Versions may understand the same files in another way, as other images.
  const all = splits.reduce((sum, { items }) => sum + items.length, 0) === rows.length + skipped;
  split?.dispose();
  index?.dispose();
  if (features && whole && all && rows.length === places.length) {
    return { features, rows, skipped, cached: true };
  }
  features?.dispose();
  return null;
}

function loaded(file: string): ReturnType<typeof loadSafetensors> | null {
  try {
    return loadSafetensors(file);
  } catch (error) {
    if (error instanceof TorchError) return null;
    throw error;
  }
}

function splitsOf({ train, val }: Dataset): Split[] {
  return val ? [train, val] : [train];
}
