// A few training images in memory, always the same ones and not augmented, to look at the encoder with while it trains.
import { performance } from "node:perf_hooks";
import { cat, noGrad, scope, type Tensor } from "@unlabel/torch";
import { augment } from "../data/augment.ts";
import { evalBatches } from "../data/eval-batches.ts";
import type { Split } from "../data/folder.ts";
import { isOrdinary, PHOTOGRAPHS } from "../data/input.ts";
import { nameOf } from "../data/names.ts";
import type { ImageReader } from "../data/reader.ts";
import { drawnSample, filesOf } from "../data/sample.ts";
import type { ViewSpec } from "../data/views.ts";

export interface HeldOut {
  /** uint8 `[N, S, S, C]`, on the CPU; float32 from 0 to 1 where images are not of 8 bits. */
  pixels: Tensor;
  /** `[N]`, −1 for images without a class. */
  labels: Int32Array;
  /** The file that each is a part of, where several are of one. */
  files: Int32Array | undefined;
  /** What each goes by. */
  names: string[];
  /** Seconds that the source took to hand out the images, before they were decoded. */
  fetching: number;
}

/** Reads up to `count` images, drawn by the run's seed; those that cannot be read are left out. */
export async function readHeldOut(
  split: Split,
  count: number,
  { size, seed, reader }: { size: number; seed: number; reader: ImageReader },
): Promise<HeldOut | null> {
  let fetching = 0;
  const chosen = timed(drawnSample(split, count, seed), (seconds) => {
    fetching += seconds;
  });
  const input = split.input ?? PHOTOGRAPHS;
  const bytes = isOrdinary(input);
  // So that what comes back is the pixels' own values.
  const plain = {
    mean: new Array<number>(input.channels).fill(0),
    std: new Array<number>(input.channels).fill(bytes ? 1 / 255 : 1),
  };
  const parts: Tensor[] = [];
  const labels: number[] = [];
  const places: number[] = [];
  for await (const { images, labels: found, indices } of evalBatches(chosen, size, { ...plain, fraction: 1, reader })) {
    parts.push(
      scope(() => {
        const last = images.permute([0, 2, 3, 1]);
        return (bytes ? last.round().to({ dtype: "uint8" }) : last).contiguous().clone();
      }),
    );
    labels.push(...found);
    places.push(...indices);
    images.dispose();
  }
  if (parts.length === 0) return null;
  const pixels = scope(() => cat(parts, 0));
  for (const part of parts) part.dispose();
  const items = places.map((place) => chosen.items[place]!);
  return { pixels, labels: Int32Array.from(labels), files: filesOf(items), names: items.map(nameOf), fetching };
}

/** The same split, which tells how long each of its loads took. */
function timed({ load, ...split }: Split, tell: (seconds: number) => void): Split {
  if (!load) return split;
  const told: Split["load"] = async (items) => {
    const began = performance.now();
    try {
      return await load(items);
    } finally {
      tell((performance.now() - began) / 1000);
    }
  };
  return { ...split, load: told };
}

/** Features of the first `count` images after `start`, float32 on the device. */
export function encodeHeldOut(
  pixels: Tensor,
  view: Pick<ViewSpec, "mean" | "std">,
  features: (images: Tensor) => Tensor,
  device: string,
): Tensor {
  const batch = 128;
  return noGrad(() =>
    scope(() => {
      const starts = Array.from({ length: Math.ceil(pixels.shape[0]! / batch) }, (_, i) => i * batch);
      const parts = starts.map((at) =>
        scope(() => {
          const raw = pixels.narrow(0, at, Math.min(batch, pixels.shape[0]! - at)).to({ device });
          return features(augment(raw, { ...view, blur: null })).to({ dtype: "float32" });
        }),
      );
      return cat(parts, 0);
    }),
  );
}
