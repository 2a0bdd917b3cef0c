// cache.ts DATA SIZE…: views/s of SimCLR's loader at each size with the images decoded anew and with them kept in memory, turn by
// turn in one process, each the median of three epochs after one; run by hand: OMP_NUM_THREADS=2 npx tsx bench/ours/cache.ts.

import { cached } from "../../packages/unlabel/src/data/cache.ts";
import { Loader } from "../../packages/unlabel/src/data/loader.ts";
import { openData } from "../../packages/unlabel/src/data/open.ts";
import { ImageReader } from "../../packages/unlabel/src/data/reader.ts";
import { createMethod, resolveConfig } from "../../packages/unlabel/src/methods/registry.ts";

import { chooseThreads } from "../../packages/unlabel/src/train/machine.ts";
import { median } from "../stats.ts";

const [root = "", ...sizes] = process.argv.slice(2);
const IMAGES = 960;
const BATCH = 32;
const EPOCHS = 3;

const { train, fingerprint } = await openData(root);
const step = Math.max(1, Math.floor(train.items.length / IMAGES));
const split = { ...train, items: train.items.filter((_, i) => i % step === 0) };
const reader = new ImageReader({ threads: chooseThreads("auto") });
for (const size of sizes.map(Number)) {
  const { views } = createMethod(resolveConfig({ flags: { method: "simclr", preset: "small", size } }));
  const sides = [split, cached(split, { fingerprint, reader, side: null, least: size })].map((images) => {
    const loader = new Loader(images, views, { batch: BATCH, seed: 0, reader });
    return { batches: loader.batches(), steps: loader.stepsPerEpoch, rates: [] as number[] };
  });
  for (let epoch = 0; epoch <= EPOCHS; epoch++) {
    for (const { batches, steps, rates } of sides) {
      const began = performance.now();
      for (let step = 0; step < steps; step++) {
        const { value } = await batches.next();
        for (const view of value?.views ?? []) view.dispose();
      }
      rates.push((2000 * steps * BATCH) / (performance.now() - began));
    }
  }
  const [off = 0, memory = 0] = sides.map(({ rates }) => Math.round(median(rates.slice(1))));
  const first = sides.map(({ rates }) => Math.round(rates[0] ?? 0));
  process.stdout.write(`${JSON.stringify({ size, off, memory, ratio: memory / off, first_epoch: first })}\n`);
  for (const { batches } of sides) await batches.return();
}
