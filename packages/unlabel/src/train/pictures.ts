// Pictures of what a masked method learnt: images, what it saw of them, and what it made of that.

import { join } from "node:path";
import { scope, type Tensor } from "@unlabel/torch";
import sharp from "sharp";
import { makeFolder, writeAtomically } from "../base/files.ts";
import type { SettledConfig } from "../config/common.ts";

import { evalBatches } from "../data/eval-batches.ts";
import type { Dataset } from "../data/folder.ts";
import { isOrdinary, PHOTOGRAPHS } from "../data/input.ts";
import { spreadSample } from "../data/sample.ts";
import type { Method } from "../methods/method.ts";

const COUNT = 8;

/** What `pictures/METHOD.json` holds: edge in pixels, and the names of each image's PNGs. */
export interface WrittenPictures {
  size: number;
  items: Record<"original" | "masked" | "reconstructed", string>[];
}

/**
 * Writes `pictures/METHOD.json` and its PNGs for eight images, of the validation split where there is one; does nothing for
 * a method that makes none.
 *
 * @returns what was written, or null
 */
export async function writePictures(
  runPath: string,
  method: Method,
  config: SettledConfig,
  data: Dataset,
  device: string,
): Promise<WrittenPictures | null> {
  if (!method.pictures) return null;
  const folder = join(runPath, "pictures");
  makeFolder(folder);
  const { size, mean, std } = config;
  const sample = spreadSample(data.val ?? data.train, COUNT, config.seed);
  const written: WrittenPictures = { size, items: [] };
  for await (const { images } of evalBatches(sample, size, {
    batch: COUNT,
    mean,
    std,
    device,
    filter: "bicubic",
  })) {
    using _ = images;
    const made = method.eval().pictures!(images);
    method.train();
    const items = Array.from({ length: images.shape[0]! }, (_, i) => fileNames(config.method, i));
    try {
      // What is dark in all of them would show nothing: 12 bits in samples of 16, say.
      const stretch = isOrdinary(sample.input ?? PHOTOGRAPHS) ? null : stretchOf(made.original);
      for (const kind of KINDS) {
        const files = items.map((item) => join(folder, item[kind]));
        await writePngs(made[kind], files, stretch);
      }
    } finally {
      for (const kind of KINDS) made[kind].dispose();
    }
    written.items = items;
    writeAtomically(join(folder, `${config.method}.json`), `${JSON.stringify(written, null, 2)}\n`);
  }
  return written;
}

/** What is drawn of an image. */
const KINDS = ["original", "masked", "reconstructed"] as const;

function fileNames(method: string, i: number) {
  const name = (kind: string) => `${method}-${i + 1}-${kind}.png`;
  return { original: name("original"), masked: name("masked"), reconstructed: name("reconstructed") };
}

/** Writes uint8 images `[N, C, S, S]`; of other channels than one or three the first three, or the first. */
async function writePngs(images: Tensor, files: string[], stretch: Uint8Array[] | null): Promise<void> {
  const [, , height, width] = images.shape as [number, number, number, number];
  const { pixels, channels } = shown(images);
  const bytes = channels * height * width;
  if (stretch) for (let i = 0; i < pixels.length; i++) pixels[i] = stretch[i % channels]![pixels[i]!]!;
  await Promise.all(
    files.map(async (file, i) => {
      const raw = { width, height, channels };
      const image = sharp(pixels.subarray(i * bytes, (i + 1) * bytes), { raw });
      // A link of that name, such as a stranger's run may bring, is replaced and not written through.
      writeAtomically(file, await image.png().toBuffer());
    }),
  );
}

/** The channels that stand for red, green and blue, or for gray, interleaved. */
function shown(images: Tensor): { pixels: Uint8Array; channels: 1 | 3 } {
  const channels = images.shape[1]! >= 3 ? 3 : 1;
  const pixels = scope(() => images.narrow(1, 0, channels).permute([0, 2, 3, 1]).contiguous().toArray());
  return { pixels: Uint8Array.from(pixels, Number), channels };
}

/** Share of the values of a channel that may be cut off at either end. */
const CUT = 0.005;

/** For each channel shown the values that its values become, so that those of most pixels are spread from black to white. */
export function stretchOf(images: Tensor): Uint8Array[] {
  const { pixels, channels } = shown(images);
  return Array.from({ length: channels }, (_, channel) => {
    const values = pixels.filter((_, i) => i % channels === channel).sort();
    const [low, high] = [CUT, 1 - CUT].map((share) => values[Math.floor(share * (values.length - 1))]!) as [
      number,
      number,
    ];
    const scale = 255 / Math.max(1, high - low);
    return Uint8Array.from({ length: 256 }, (_, value) =>
      Math.min(255, Math.max(0, Math.round((value - low) * scale))),
    );
  });
}
