// load.ts LIST WORK SIZE BATCH THREADS: views/s of the image reader (decode: one crop an image, as bytes) or of the loader
// (simclr: two augmented views an image, as normalised floats), and by how much memory grew meanwhile.

import { readFileSync } from "node:fs";
import { keepHeap } from "@unlabel/torch";
import { Rng } from "../../packages/unlabel/src/base/rng.ts";
import { ahead } from "../../packages/unlabel/src/data/ahead.ts";
import { randomBox } from "../../packages/unlabel/src/data/crop.ts";
import type { Split } from "../../packages/unlabel/src/data/folder.ts";
import { Loader } from "../../packages/unlabel/src/data/loader.ts";
import { ImageReader } from "../../packages/unlabel/src/data/reader.ts";
import type { ViewSpec } from "../../packages/unlabel/src/data/views.ts";
import { presetConfig } from "../../packages/unlabel/src/methods/presets.ts";

const [list = "", work, ...numbers] = process.argv.slice(2);
const [size = 64, batch = 32, threads = 1] = numbers.map(Number);
const files = readFileSync(list, "utf8").trim().split("\n");
// Until then memory is touched for the first time; what loads on has it all.
const WARM = 12;

// What the peer does: see ../peers/data_torchvision.py.
const config = presetConfig("simclr", "small");
const view: ViewSpec = {
  count: work === "simclr" ? 2 : 1,
  size,
  crop: { scale: [0.2, 1], ratio: [3 / 4, 4 / 3] },
  filter: "bilinear",
  flip: work === "simclr" ? 0.5 : 0,
  color: { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, p: 0.8 },
  colorForm: config.color_form === "fused" ? "fused" : "exact",
  grayscale: 0.2,
  blur: null,
  solarize: 0,
  mean: [0.5, 0.5, 0.5],
  std: [0.5, 0.5, 0.5],
};
const reader = new ImageReader({ threads });

/** One entry a batch. */
async function* crops(): AsyncGenerator<void, void, void> {
  const cut = async (start: number) => {
    const images = Array.from({ length: batch }, (_, k) => files[(start + k) % files.length]!);
    const { sizes } = await reader.sizes(images);
    const items = images.map((image, k) => {
      const { width, height } = sizes[k]!;
      return { image, views: [randomBox(width, height, view, new Rng(0, "crop", 0, start + k))] };
    });
    await reader.read(items, { width: size, height: size, filter: view.filter });
  };
  function* tasks() {
    for (let start = 0; ; start += batch) yield () => cut(start);
  }
  yield* ahead(tasks(), 3);
}

async function* views(): AsyncGenerator<void, void, void> {
  const split: Split = { name: "train", root: "/", items: files.map((path) => ({ path, label: -1 })) };
  for await (const { views } of new Loader(split, [view], { batch, seed: 0, reader }).batches()) {
    for (const tensor of views) tensor.dispose();
    yield;
  }
}

keepHeap();
const before = process.memoryUsage.rss();
const batches = Math.ceil(files.length / batch);
let [done, peak, start] = [0, before, 0];
for await (const _ of work === "simclr" ? views() : crops()) {
  peak = Math.max(peak, process.memoryUsage.rss());
  if (++done === WARM) start = performance.now();
  if (done === WARM + batches) break;
}
const seconds = (performance.now() - start) / 1000;
const result = { views_per_s: (batches * batch * view.count) / seconds, grown_mb: (peak - before) / 1e6 };
process.stdout.write(`${JSON.stringify(result)}\n`);
