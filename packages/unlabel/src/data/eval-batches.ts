// Images for evaluation: in order, centre-cropped, not augmented.
import { fromTypedArray, type Tensor } from "@unlabel/torch";
import { wholeFromOne } from "../base/numbers.ts";
import { ahead } from "./ahead.ts";
import { augment } from "./augment.ts";
import { centerBox } from "./crop.ts";
import type { Split } from "./folder.ts";
import { imagesOf } from "./images.ts";
import { ImageReader } from "./reader.ts";
import type { Filter, ViewSpec } from "./views.ts";

/** Images of a split, ready for an encoder. */
export interface EvalBatch {
  /** float32 `[B, 3, S, S]`, channels-last; to be disposed of by whoever takes it. */
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

  const read = async (start: number) => {
    const items = split.items.slice(start, start + batch);
    const images = await imagesOf(split, items);
    const measured = await reader.sizes(images);
    const sized = items.flatMap((_, k) => {
      const box = measured.sizes[k];
      return box ? [{ k, views: [centerBox(box.width, box.height, size, fraction)] }] : [];
    });
    const { data, failures } = await reader.read(
      sized.map(({ k, views }) => ({ image: images[k]!, views })),
      { width: size, height: size, filter },
    );
    const bad = new Map(measured.failures.map(({ index, reason }) => [index, reason]));
    for (const { index, reason } of failures) bad.set(sized[index]!.k, reason);
    return { start, items, sized, data, bad };
  };
  function* tasks() {
    for (let start = 0; start < split.items.length; start += batch) yield () => read(start);
  }

  const bytes = size * size * 3;
  for await (const { start, items, sized, data, bad } of ahead(tasks(), 3)) {
    for (const [k, reason] of [...bad].sort(([a], [b]) => a - b)) onSkip?.({ path: items[k]!.path, reason });
    const good = sized.flatMap(({ k }, slot) => (bad.has(k) ? [] : [{ k, slot }]));
    if (good.length === 0) continue;
    // Read images move up to fill the gaps of unread ones.
    for (const [to, { slot }] of good.entries()) data.copyWithin(to * bytes, slot * bytes, (slot + 1) * bytes);
    using raw = fromTypedArray(data.subarray(0, good.length * bytes), [good.length, size, size, 3], { device });
    yield {
      images: augment(raw, { mean, std, blur: null }),
      labels: Int32Array.from(good, ({ k }) => items[k]!.label),
      indices: Int32Array.from(good, ({ k }) => start + k),
    };
  }
}
