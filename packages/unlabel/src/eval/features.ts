// Features of a split: every image is decoded once, cropped to its central square, and encoded once by each encoder, which is frozen and
// proved to be. Every protocol then works on these features, so that a hundred epochs of probing encode nothing again.
import { createHash } from "node:crypto";
import { autocast, cat, type nn, noGrad, scope, type Tensor } from "@unlabel/torch";
import { UserError } from "../base/errors.ts";
import { evalBatches } from "../data/eval-batches.ts";
import type { Split } from "../data/folder.ts";
import type { ImageReader } from "../data/reader.ts";
import { filesOf } from "../data/sample.ts";
import type { ViewSpec } from "../data/views.ts";
import type { Encoder } from "../encoders/index.ts";
import type { Features } from "./linear.ts";
import { isShared, ownPlaces, type Sharing, shareRows, type Unread } from "./shared-rows.ts";

/** Anything that turns normalised images `[B, C, S, S]` into features `[B, D]`. */
export type FeatureFunction = (images: Tensor) => Tensor;

/** Edge of the thumbnails that stand for raw pixels: 16 × 16 × 3 = 768 numbers of colours, as many as a ViT-B's features. */
const PIXEL_EDGE = 16;

/** Raw pixels as features: the image shrunk to 16 × 16 by averaging, flattened. */
export const pixelFeatures: FeatureFunction = (images) => images.adaptiveAvgPool2d([PIXEL_EDGE, PIXEL_EDGE]).flatten(1);

/** How evaluation shows images to an encoder. */
export interface EvaluationView extends Pick<ViewSpec, "size" | "mean" | "std"> {
  /** Of the resize; default bilinear. */
  filter?: ViewSpec["filter"];
  /** Which share of the resized image's short side is shown; default all. */
  fraction?: number;
}

export interface ExtractOptions {
  /** Size and normalisation of the images, as in training. */
  view: EvaluationView;
  batch: number;
  device: string;
  precision: "fp32" | "bf16";
  reader?: ImageReader;
  /** Ends it when aborted. */
  signal?: AbortSignal | undefined;
  /** Among which the images are shared; rank 0 alone has the features. By default this process encodes all of them. */
  ranks?: Sharing | undefined;
  /** Called with the number of images done. */
  onProgress?: (done: number) => void;
  /** Called for an image that cannot be read; it is left out. */
  onSkip?: (failure: { path: string; reason: string }) => void;
}

/** What was read of a split, in its order. */
export interface Extracted<Name extends string> {
  /** float32 `[N, D]` on the device; without rows on ranks other than 0. */
  features: Record<Name, Features>;
  /** `[N]`, −1 for images without a class. */
  labels: Int32Array;
  /** Which items of the split these are, `[N]`. */
  indices: Int32Array;
}

/**
 * Encodes a split's images, once with each of `functions`.
 *
 * @throws {UserError} where no image could be read
 * @throws the reason of `signal`, once it is aborted
 */
export async function extract<Name extends string>(
  split: Split,
  functions: Partial<Record<Name, FeatureFunction>>,
  options: ExtractOptions,
): Promise<Extracted<Name>> {
  const names = Object.keys(functions) as Name[];
  const encode = Object.values(functions) as FeatureFunction[];
  const { ranks } = options;
  const found = isShared(ranks)
    ? await encodeShared(split, encode, options, ranks)
    : await encodeAll(split, encode, options);
  if (found.parts === null) throw noneRead(split, found.first);
  const { indices, parts } = found;
  const items = Array.from(indices, (index) => split.items[index]!);
  const labels = Int32Array.from(items, ({ label }) => label);
  const files = filesOf(items);
  const features = names.map((name, i) => [name, { x: parts[i]!, labels, ...(files && { files }) }] as const);
  return { features: Object.fromEntries(features) as Record<Name, Features>, labels, indices };
}

interface Encoded {
  indices: Int32Array;
  /** A tensor a function; null where no image could be read. */
  parts: Tensor[] | null;
  /** The first that could not be read. */
  first: Unread | null;
}

async function encodeAll(
  split: Split,
  functions: readonly FeatureFunction[],
  { view, batch, device, precision, reader, signal, onProgress, onSkip }: ExtractOptions,
): Promise<Encoded> {
  const chunks = functions.map((): Tensor[] => []);
  const indices: number[] = [];
  const { size, mean, std, filter, fraction = 1 } = view;
  let first: Unread | null = null;
  const noteSkip: typeof onSkip = (skipped) => {
    first ??= skipped;
    onSkip?.(skipped);
  };
  const how = { batch, mean, std, fraction, ...(filter && { filter }), device, reader, onSkip: noteSkip };
  for await (const found of evalBatches(split, size, how)) {
    using images = found.images;
    signal?.throwIfAborted();
    for (const [i, encode] of functions.entries()) {
      const features = () => autocast({ device, enabled: precision === "bf16" }, () => encode(images));
      chunks[i]!.push(noGrad(() => scope(() => features().to({ dtype: "float32" }))));
    }
    indices.push(...found.indices);
    onProgress?.(indices.length);
  }
  const parts = chunks.map((pieces) => {
    const x = pieces.length > 0 ? scope(() => cat(pieces, 0)) : null;
    for (const piece of pieces) piece.dispose();
    return x;
  });
  return { indices: Int32Array.from(indices), parts: parts.every((x) => x !== null) ? parts : null, first };
}

/** Each rank encodes its part. */
async function encodeShared(
  split: Split,
  functions: readonly FeatureFunction[],
  options: ExtractOptions,
  ranks: Sharing,
): Promise<Encoded> {
  const { batch, device, onProgress, onSkip } = options;
  const own = ownPlaces(split.items.length, batch, ranks);
  const unread: Unread[] = [];
  const found = await encodeAll({ ...split, items: own.map((place) => split.items[place]!) }, functions, {
    ...options,
    // The others are about as far.
    onProgress: (done) => onProgress?.(Math.min(split.items.length, done * ranks.worldSize)),
    onSkip: (one) => {
      unread.push(one);
      if (ranks.rank === 0) onSkip?.(one);
    },
  });
  const kept = Array.from(found.indices, (index) => own[index]!);
  const rows = { kept, unread, parts: found.parts ?? functions.map(() => null) };
  const all = await shareRows(rows, ranks, device);
  // Rank 0 has told of its own.
  if (ranks.rank === 0) for (const one of all.unread.slice(1).flat()) onSkip?.(one);
  return { indices: all.kept, parts: all.parts, first: all.unread.flat()[0] ?? null };
}

/**
 * Runs `body` with what computes an encoder's features fastest, in evaluation mode, and proves that the encoder was left unchanged.
 *
 * @param body is given a folded copy, which lives until it ends, or the encoder itself where it has none
 * @param precision that features will be computed in
 * @throws {Error} where a weight or a BatchNorm statistic is not what it was
 */
export async function frozen<T>(
  encoder: Encoder,
  body: (fast: Encoder) => Promise<T>,
  { precision }: Pick<ExtractOptions, "precision">,
): Promise<T> {
  const before = checksum(encoder);
  const folded = foldedFor(encoder.eval(), precision);
  let result: T;
  try {
    result = await body(folded ?? encoder);
  } finally {
    folded?.dispose();
  }
  const after = checksum(encoder);
  if (after !== before) throw new Error("Expected an encoder that evaluation leaves unchanged, got other weights");
  return result;
}

/** An encoder's folded copy, or null where it has none. */
export function foldedFor(encoder: Encoder, precision: ExtractOptions["precision"]): Encoder | null {
  return encoder.folded(precision === "bf16" ? "bfloat16" : "float32");
}

/** SHA-256 of all of a module's tensors (weights and running statistics), with their names. */
export function checksum(module: nn.Module<never, unknown>): string {
  const hash = createHash("sha256");
  for (const [name, tensor] of module.namedTensors()) {
    hash.update(`${name} ${tensor.dtype} ${tensor.shape}\n`);
    const { buffer, byteOffset, byteLength } = scope(() => tensor.to({ device: "cpu" }).toArray());
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest("hex");
}

function noneRead({ name, items }: Split, first: { path: string; reason: string } | null): UserError {
  const such = first ? ` of ${items.length}, such as ${first.path}: ${first.reason}` : "";
  return new UserError(`Expected images in ${name} that can be read, got none${such}`);
}
