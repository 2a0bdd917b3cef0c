// Features of images and of their views, by each kind of features alike: what every indicator is worked out from.
import { autocast, cat, fromTypedArray, noGrad, scope, type Tensor } from "@unlabel/torch";
import type { Split } from "../data/folder.ts";
import { filesOf } from "../data/sample.ts";
import { numberOfImage, seenBatches } from "../data/view-batches.ts";
import { type ExtractOptions, extract, type FeatureFunction } from "./features.ts";
import { firstByName } from "./indicator-images.ts";
import { indicatorViews } from "./indicator-views.ts";
import { isShared, ownPlaces, shareRows, type Unread } from "./shared-rows.ts";

/** One kind of features of the same images. */
export interface SeenFeatures {
  /** Of the images as they are, `[N, d]`. */
  plain: Tensor;
  /** By name of a view, of the first M images by name, `[M, d]`; `turned-1` to `turned-3` are turned by so many quarters. */
  views: Record<string, Tensor>;
}

/** What was encoded. Tensors are float32 on the CPU. */
export interface Seen<Name extends string> {
  /** By kind. */
  features: Record<Name, SeenFeatures>;
  /** The file of each image, where several are of one, `[N]`. */
  files: Int32Array | undefined;
  /** The file of each image seen in views, or its place where each is a file by itself, `[M]`. */
  viewedFiles: Int32Array;
  /** The number of each image seen in views, `[M]`. */
  numbers: number[];
  /** Which items of the split the N are. */
  kept: Int32Array;
  /** Images that each kind of features was worked out of, views counted each. */
  encoded: number;
}

/** Views that are encoded together. */
const TOGETHER = 224;
const TURNS = [1, 2, 3] as const;
/** Views and turns of an image. */
export const WAYS = indicatorViews({ size: 1, mean: [0] }).length + TURNS.length;

/**
 * Encodes all images of a split as they are, and some of them in all views.
 *
 * @param seed of the views
 * @param viewed how many are encoded in all views, at most
 * @throws {UserError} where no image could be read
 */
export async function seenFeatures<Name extends string>(
  split: Split,
  functions: Partial<Record<Name, FeatureFunction>>,
  { seed, viewed: mostViewed }: { seed: number; viewed: number },
  options: ExtractOptions & Required<Pick<ExtractOptions, "reader">>,
): Promise<Seen<Name>> {
  const { view, device, precision, reader, signal, ranks, onProgress, onSkip } = options;
  const names = Object.keys(functions) as Name[];
  const whole = await extract(split, functions, options);
  const readable = { ...split, items: Array.from(whole.indices, (i) => split.items[i]!) };
  const viewed = firstByName(readable, mostViewed).map((i) => readable.items[i]!);
  const views = indicatorViews(view);
  const ways = [...views.map(({ name }) => name), ...TURNS.map((turn) => `turned-${turn}`)];
  const batch = Math.max(1, Math.floor(TOGETHER / ways.length));
  const shared = isShared(ranks);
  const places = shared ? ownPlaces(viewed.length, batch, ranks) : [...viewed.keys()];
  /** `[B, ways, d]` each. */
  const chunks = names.map((): Tensor[] => []);
  const own: number[] = [];
  const unread: Unread[] = [];
  const skip = (one: Unread) => {
    unread.push(one);
    if (!shared || ranks.rank === 0) onSkip?.(one);
  };
  const how = { ...view, batch, seed, reader, device, onSkip: skip };
  const items = places.map((place) => viewed[place]!);
  for await (const { images, indices } of seenBatches({ ...split, items }, views, how)) {
    using seen = images;
    signal?.throwIfAborted();
    const count = indices.length;
    for (const [f, name] of names.entries()) {
      const parts = noGrad(() =>
        scope(() => {
          const plain = seen.narrow(0, 0, count);
          const all = cat([seen, ...TURNS.map((turn) => plain.rot90(turn, [2, 3]))], 0);
          const encode = functions[name]!;
          const x = all.contiguous({ memoryFormat: "channels_last" });
          const features = autocast({ device, enabled: precision === "bf16" }, () => encode(x));
          const here = features.to({ dtype: "float32", device: "cpu" });
          return here.reshape([ways.length, count, here.shape[1]!]).transpose(0, 1).contiguous();
        }),
      );
      chunks[f]!.push(parts);
    }
    own.push(...Array.from(indices, (index) => places[index]!));
    const about = own.length * (shared ? ranks.worldSize : 1);
    onProgress?.(whole.labels.length + Math.min(viewed.length, about) * ways.length);
  }
  const joined = chunks.map((pieces) => {
    const x = pieces.length > 0 ? scope(() => cat(pieces, 0)) : null;
    for (const piece of pieces) piece.dispose();
    return x;
  });
  const all = shared
    ? await shareRows({ kept: own, unread, parts: joined }, ranks, device)
    : { kept: Int32Array.from(own), unread: [], parts: joined };
  if (shared && ranks.rank === 0) for (const one of all.unread.slice(1).flat()) onSkip?.(one);
  const kept = Array.from(all.kept, (place) => viewed[place]!);
  const features = names.map((name, f) => {
    using stacked = all.parts?.[f];
    if (!stacked) throw new Error("Expected views of images that were read before, got none");
    const { x } = whole.features[name];
    using _ = x;
    const here = scope(() => ways.map((_, w) => stacked.narrow(1, w, 1).squeeze(1).to({ device: "cpu" }).clone()));
    const plain = scope(() => x.to({ device: "cpu" }).clone());
    return [name, { plain, views: Object.fromEntries(ways.map((way, w) => [way, here[w]!])) }] as const;
  });
  return {
    features: Object.fromEntries(features) as Record<Name, SeenFeatures>,
    files: filesOf(readable.items),
    viewedFiles: filesOf(kept) ?? Int32Array.from(kept.keys()),
    numbers: kept.map(numberOfImage),
    kept: whole.indices,
    encoded: whole.labels.length + kept.length * ways.length,
  };
}

/** How many images and views are encoded of so many images, some of them in views. */
export function encodings(images: number, viewed: number): number {
  return images + Math.min(images, viewed) * WAYS;
}

/** Rows of several tensors of one shape, row i from the one that `from[i]` names. */
export function rowsFrom(tensors: readonly Tensor[], from: readonly number[]): Tensor {
  const count = from.length;
  return noGrad(() =>
    cat(tensors, 0).indexSelect(0, fromTypedArray(Int32Array.from(from, (which, i) => which * count + i))),
  );
}
