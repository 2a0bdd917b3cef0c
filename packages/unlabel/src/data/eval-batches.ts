// Images for evaluation: in order, centre-cropped, not augmented.
import { empty, fromTypedArray, keep, lend, noGrad, scope, type Tensor } from "@unlabel/torch";
import { wholeFromOne } from "../base/numbers.ts";
import { ahead } from "./ahead.ts";
import { augment } from "./augment.ts";
import { centerBox } from "./crop.ts";
import type { Split } from "./folder.ts";
import { imagesOf } from "./images.ts";
import { isOrdinary, PHOTOGRAPHS } from "./input.ts";
import { nameOf } from "./names.ts";
import { finishOf, paintValuesOf } from "./paint-values.ts";
import { type Failure, ImageReader } from "./reader.ts";
import type { ReadItem } from "./targets.ts";
import type { Filter, ViewSpec } from "./views.ts";

/** Images of a split, ready for an encoder. */
export interface EvalBatch {
  /** float32 `[B, C, S, S]`, channels-last; to be disposed of by whoever takes it. */
  images: Tensor;
  /** `[B]`, −1 for images without a class. */
  labels: Int32Array;
  /** Which items of the split these are, `[B]`. */
  indices: Int32Array;
}

/** Options of {@link evalBatches}. */
export interface EvalOptions {
  /** Images a batch; default 128. */
  batch?: number;
  /** Mean of each channel, of values in [0, 1]. */
  mean: ViewSpec["mean"];
  /** Standard deviation of each channel, of values in [0, 1]. */
  std: ViewSpec["std"];
  /** Interpolation of the resize; default bilinear. */
  filter?: Filter;
  /** `size` over the short side that images are resized to before the crop. Default 0.875, as 224 of 256. */
  fraction?: number;
  /** Where the images are handed over; default `"cpu"`. */
  device?: string;
  /** Reads the images; by default one of its own. */
  reader?: ImageReader;
  /** Called for each image that cannot be read; it is left out. */
  onSkip?: (skipped: { path: string; reason: string }) => void;
}

/**
 * All readable images of a split once, in its order; the last batch may be smaller.
 *
 * @throws {UserError} (on iteration) where `batch` is no whole number from 1
 */
export async function* evalBatches(
  split: Split,
  size: number,
  options: EvalOptions,
): AsyncGenerator<EvalBatch, void, void> {
  const { batch = 128, mean, std, filter = "bilinear", fraction = 0.875, device = "cpu", onSkip } = options;
  wholeFromOne("batch", batch);
  const reader = options.reader ?? new ImageReader();
  const ordinary = isOrdinary(split.input ?? PHOTOGRAPHS) && mean.length === 3;
  // What is prepared and not handed over yet.
  const rooms = new Set<Tensor>();
  const make = (asked: readonly ReadItem[]) =>
    (ordinary ? asBytes : asFloats)(asked, { size, mean, std, filter, device, reader, rooms });

  const read = async (start: number) => {
    const items = split.items.slice(start, start + batch);
    const images = await imagesOf(split, items);
    const measured = await reader.sizes(images);
    const sized = items.flatMap((_, k) => {
      const box = measured.sizes[k];
      return box ? [{ k, views: [centerBox(box.width, box.height, size, fraction)] }] : [];
    });
    const { pixels, failures } = await make(sized.map(({ k, views }) => ({ image: images[k]!, views })));
    const bad = new Map(measured.failures.map(({ index, reason }) => [index, reason]));
    for (const { index, reason } of failures) bad.set(sized[index]!.k, reason);
    return { start, items, sized, pixels, bad };
  };
  function* tasks() {
    for (let start = 0; start < split.items.length; start += batch) yield () => read(start);
  }

  try {
    for await (const { start, items, sized, pixels, bad } of ahead(tasks(), 3)) {
      for (const [k, reason] of [...bad].sort(([a], [b]) => a - b)) onSkip?.({ path: nameOf(items[k]!), reason });
      const good = sized.flatMap(({ k }, slot) => (bad.has(k) ? [] : [{ k, slot }]));
      const images = pixels(good.map(({ slot }) => slot));
      if (images === null) continue;
      yield {
        images,
        labels: Int32Array.from(good, ({ k }) => items[k]!.label),
        indices: Int32Array.from(good, ({ k }) => start + k),
      };
    }
  } finally {
    for (const room of rooms) room.dispose();
  }
}

/** What was read, and how to make images of those that are good, given by their places; null where none are. */
interface Made {
  pixels: (good: readonly number[]) => Tensor | null;
  failures: Failure[];
}

type MadeFrom = Required<Pick<EvalOptions, "mean" | "std" | "filter" | "device" | "reader">> & {
  size: number;
  rooms: Set<Tensor>;
};

/** Photographs: bytes, which the device normalises. */
async function asBytes(items: readonly ReadItem[], options: MadeFrom): Promise<Made> {
  const { size, mean, std, filter, device, reader } = options;
  const { data, failures } = await reader.read(items, { width: size, height: size, filter });
  const bytes = size * size * 3;
  const pixels = (good: readonly number[]) => {
    if (good.length === 0) return null;
    // Read images move up to fill the gaps of unread ones.
    for (const [to, slot] of good.entries()) data.copyWithin(to * bytes, slot * bytes, (slot + 1) * bytes);
    using raw = fromTypedArray(data.subarray(0, good.length * bytes), [good.length, size, size, 3], { device });
    return augment(raw, { mean, std, blur: null });
  };
  return { pixels, failures };
}

/** Whatever else: normalised by the reader's threads, and copied to the device as floats. */
async function asFloats(items: readonly ReadItem[], options: MadeFrom): Promise<Made> {
  const { size, mean, std, filter, device, reader, rooms } = options;
  const channels = mean.length;
  const room = keep(empty([items.length, channels, size, size], { dtype: "float32", memoryFormat: "channels_last" }));
  rooms.add(room);
  const unchanged = paintValuesOf(
    [{ jitter: null, grayscale: false, sigma: null, solarize: false }],
    "fused",
    channels,
  );
  const failures = await reader.fill(
    items.map(({ image, views }, slot) => ({ image, parts: [{ views, slots: [slot], paintValues: unchanged }] })),
    [
      {
        width: size,
        height: size,
        filter,
        channels,
        memory: () => lend(room),
        finish: finishOf({ mean, std, blur: null }),
      },
    ],
  );
  const pixels = (good: readonly number[]) => {
    using all = room;
    rooms.delete(room);
    if (good.length === 0) return null;
    return noGrad(() =>
      scope(() => {
        const index = fromTypedArray(BigInt64Array.from(good, BigInt), [good.length]);
        const some = good.length === items.length ? all : all.indexSelect(0, index);
        return some.contiguous({ memoryFormat: "channels_last" }).to({ device });
      }),
    );
  };
  return { pixels, failures };
}
