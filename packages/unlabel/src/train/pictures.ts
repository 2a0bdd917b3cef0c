// Pictures of what a masked method learnt: images, what it saw of them, and what it made of that.

import { join } from "node:path";
import type { Tensor } from "@unlabel/torch";
import sharp from "sharp";
import { makeFolder, writeAtomically } from "../base/files.ts";
import type { Config } from "../config/common.ts";

import { evalBatches } from "../data/eval-batches.ts";
import type { Dataset } from "../data/folder.ts";
import { spreadSample } from "../data/sample.ts";
import type { Method } from "../methods/method.ts";

const COUNT = 8;

/**
 * Writes `pictures/METHOD.json` and its PNGs for eight images, of the validation split where there is one; does nothing for
 * a method that makes none.
 */
export async function writePictures(
  runPath: string,
  method: Method,
  config: Config,
  data: Dataset,
  device: string,
): Promise<void> {
  if (!method.pictures) return;
  const folder = join(runPath, "pictures");
  makeFolder(folder);
  const { size, mean, std } = config;
  for await (const { images } of evalBatches(spreadSample(data.val ?? data.train, COUNT, config.seed), size, {
    batch: COUNT,
    mean,
    std,
    device,
    filter: "bicubic",
  })) {
    const made = method.eval().pictures!(images);
    const items = Array.from({ length: images.shape[0]! }, (_, i) => fileNames(config.method, i));
    for (const kind of ["original", "masked", "reconstructed"] as const) {
      await writePngs(
        made[kind],
        items.map((item) => join(folder, item[kind])),
      );
      made[kind].dispose();
    }
    images.dispose();
    method.train();
    writeAtomically(join(folder, `${config.method}.json`), `${JSON.stringify({ size, items }, null, 2)}\n`);
  }
}

function fileNames(method: string, i: number) {
  const name = (kind: string) => `${method}-${i + 1}-${kind}.png`;
  return { original: name("original"), masked: name("masked"), reconstructed: name("reconstructed") };
}

/** Writes uint8 images `[N, 3, S, S]`. */
async function writePngs(images: Tensor, files: string[]): Promise<void> {
  const [, channels, height, width] = images.shape as [number, 3, number, number];
  using interleaved = images.permute([0, 2, 3, 1]);
  const pixels = interleaved.toArray();
  const bytes = channels * height * width;
  await Promise.all(
    files.map(async (file, i) => {
      const raw = { width, height, channels };
      const image = sharp(Uint8Array.from(pixels.subarray(i * bytes, (i + 1) * bytes), Number), { raw });
      // A link of that name, such as a stranger's run may bring, is replaced and not written through.
      writeAtomically(file, await image.png().toBuffer());
    }),
  );
}
