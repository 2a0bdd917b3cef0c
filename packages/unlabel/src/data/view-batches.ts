// Images seen in several ways side by side, for what compares views of one image: each view follows from the image's name and a seed, so
// that every encoder and every run is shown the same ones. Made by what makes training's views.
import { createHash } from "node:crypto";
import { empty, fromTypedArray, keep, lend, noGrad, scope, type Tensor } from "@unlabel/torch";
import { Rng } from "../base/rng.ts";
import { ahead } from "./ahead.ts";
import type { Item, Split } from "./folder.ts";
import { imagesOf } from "./images.ts";
import { nameOf } from "./names.ts";
import { finishOf, paintValuesOf } from "./paint-values.ts";
import { drawParams } from "./params.ts";
import type { ImageReader, Size } from "./reader.ts";
import type { Target } from "./targets.ts";
import type { Box, ViewSpec } from "./views.ts";

/** One way to see an image. */
export interface SeenAs {
  /** What it is called among the views of one batch. */
  name: string;
  /** The part that it shows. @param number the image's own, from 0 to 2³² − 1, which follows from its name */
  box(size: Size, rng: Rng, number: number): Box;
  /** What is changed of it; by default nothing. */
  changes?: Pick<ViewSpec, "color" | "grayscale" | "blur">;
}

/** Views of a few images. */
export interface SeenBatch {
  /** float32 `[V · B, C, S, S]`, channels-last, view-major in the order asked for; to be disposed of by whoever takes it. */
  images: Tensor;
  /** Which items of the split these are, `[B]`. */
  indices: Int32Array;
}

/** Options of {@link seenBatches}. */
export interface SeenOptions extends Pick<ViewSpec, "size" | "mean" | "std"> {
  /** Images a batch, each with all its views. */
  batch: number;
  /** Of what is drawn. */
  seed: number;
  /** Reads the images. */
  reader: ImageReader;
  /** Where the views are handed over. */
  device: string;
  /** Called for each image that cannot be read; it is left out. */
  onSkip?: (skipped: { path: string; reason: string }) => void;
}

/** The number of an image, from 0 to 2³² − 1, which follows from its name alone. */
export function numberOfImage(item: Pick<Item, "path" | "tile">): number {
  return createHash("sha256").update(nameOf(item)).digest().readUInt32BE(6);
}

const UNCHANGED = {
  count: 1,
  crop: { scale: [1, 1], ratio: [1, 1] },
  filter: "bilinear",
  flip: 0,
  color: null,
  grayscale: 0,
  blur: null,
  solarize: 0,
} as const;

/** All readable images of a split once, in its order, each as all of `views`. Blurs of all views have as many taps. */
export async function* seenBatches(
  split: Split,
  views: readonly SeenAs[],
  { size, mean, std, batch, seed, reader, device, onSkip }: SeenOptions,
): AsyncGenerator<SeenBatch, void, void> {
  const channels = mean.length;
  const blur = views.find(({ changes }) => changes?.blur)?.changes?.blur ?? null;
  const spec: ViewSpec = { ...UNCHANGED, size, mean, std };
  const form = channels === 3 ? "exact" : "fused";
  const rooms = new Set<Tensor>();
  const read = async (start: number) => {
    const items = split.items.slice(start, start + batch);
    const images = await imagesOf(split, items);
    const { sizes, failures } = await reader.sizes(images);
    const bad = new Map(failures.map(({ index, reason }) => [index, reason]));
    const known = items.flatMap((item, k) => (sizes[k] ? [{ k, size: sizes[k], number: numberOfImage(item) }] : []));
    const room = keep(
      empty([views.length * items.length, channels, size, size], { dtype: "float32", memoryFormat: "channels_last" }),
    );
    rooms.add(room);
    const filled = known.map(({ k, size: whole, number }) => {
      const drawn = views.map(({ box, changes }, v) => {
        const rng = (stream: string) => new Rng(seed, stream, v, number);
        return {
          box: box(whole, rng("seen box"), number),
          params: drawParams({ ...spec, ...changes }, rng("seen colours")),
        };
      });
      return {
        image: images[k]!,
        parts: [
          {
            views: drawn.map(({ box }) => box),
            slots: views.map((_, v) => v * items.length + k),
            paintValues: paintValuesOf(
              drawn.map(({ params }) => params),
              form,
              channels,
            ),
          },
        ],
      };
    });
    const target: Target = {
      width: size,
      height: size,
      filter: "bilinear",
      channels,
      memory: () => lend(room),
      finish: finishOf({ mean, std, blur }),
    };
    for (const { index, reason } of await reader.fill(filled, [target])) bad.set(known[index]!.k, reason);
    return { start, items, bad, room };
  };
  function* tasks() {
    for (let start = 0; start < split.items.length; start += batch) yield () => read(start);
  }
  try {
    for await (const { start, items, bad, room } of ahead(tasks(), 3)) {
      rooms.delete(room);
      using all = room;
      for (const [k, reason] of [...bad].sort(([a], [b]) => a - b)) onSkip?.({ path: nameOf(items[k]!), reason });
      const good = Array.from(items.keys()).filter((k) => !bad.has(k));
      if (good.length === 0) continue;
      const slots = views.flatMap((_, v) => good.map((k) => v * items.length + k));
      const images = noGrad(() =>
        scope(() => {
          const some =
            good.length === items.length
              ? all.mul(1)
              : all.indexSelect(0, fromTypedArray(BigInt64Array.from(slots, BigInt), [slots.length]));
          return some.contiguous({ memoryFormat: "channels_last" }).to({ device });
        }),
      );
      yield { images, indices: Int32Array.from(good, (k) => start + k) };
    }
  } finally {
    for (const room of rooms) room.dispose();
  }
}
