// encode.ts DATA IMAGES THREADS DEVICE: images/s of a frozen ResNet-18 on images of 64 px, loading included.

import { engineInfo, keepHeap, manualSeed, setThreads } from "@unlabel/torch";
import { withoutImages } from "../../packages/unlabel/src/config/channels.ts";
import { openData } from "../../packages/unlabel/src/data/open.ts";
import { ImageReader } from "../../packages/unlabel/src/data/reader.ts";
import { extract } from "../../packages/unlabel/src/eval/features.ts";
import { createMethod, resolveConfig } from "../../packages/unlabel/src/methods/registry.ts";

import { choosePrecision } from "../../packages/unlabel/src/train/precision.ts";

const [data = "", count, threads, device = "cpu"] = process.argv.slice(2);
setThreads(Number(threads));
keepHeap();
manualSeed(0);
const { train } = await openData(data);
const config = withoutImages(
  resolveConfig({ flags: { method: "simclr", encoder: "resnet18", stem: "7x7", size: 64 } }),
);
const { encoder } = createMethod(config).to({ device, memoryFormat: "channels_last" }).eval();
const { mean, std } = config;
const options = {
  view: { size: 64, mean, std },
  batch: 256,
  device,
  precision: choosePrecision("auto", device, engineInfo()),
  reader: new ImageReader({ threads: Number(threads) }),
};
const first = (images: number) => ({ ...train, items: train.items.slice(0, images) });
const features = { it: (images: Parameters<typeof encoder.features>[0]) => encoder.features(images) };
await extract(first(Math.min(256, Number(count))), features, options);
const began = performance.now();
const { labels } = await extract(first(Number(count)), features, options);
const seconds = (performance.now() - began) / 1000;
process.stdout.write(`${JSON.stringify({ images_per_s: labels.length / seconds, images: labels.length })}\n`);
