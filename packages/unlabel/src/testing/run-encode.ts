// One rank of eval/shared-rows.test.ts: encodes the images of a folder with a network of random weights, and prints on rank 0 what came of it.
import { createHash } from "node:crypto";
import { manualSeed, setThreads, type Tensor } from "@unlabel/torch";
import { openData } from "../data/open.ts";
import { ImageReader } from "../data/reader.ts";
import { createEncoder } from "../encoders/index.ts";
import { extract, pixelFeatures } from "../eval/features.ts";
import { seenFeatures } from "../eval/indicator-features.ts";
import { joinRanks } from "../train/rank-group.ts";
import { ranksFromEnv } from "../train/ranks-env.ts";

setThreads(1);
const [folder = "", batch = "4"] = process.argv.slice(2);
const ranks = await joinRanks(ranksFromEnv());
const { train } = await openData(folder);
manualSeed(5);
const encoder = createEncoder({ encoder: "vit_tiny", patch: 8, size: 16, channels: 3, stem: "3x3" } as never).eval();
const skipped: string[] = [];
const options = {
  view: { size: 16, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
  ...{
    batch: Number(batch),
    device: "cpu",
    precision: "fp32" as const,
    reader: new ImageReader({ threads: 1 }),
    ranks,
  },
  onSkip: ({ path }: { path: string }) => skipped.push(path),
};
const functions = { own: (images: Tensor) => encoder.features(images), pixels: pixelFeatures };
const sha = (tensor: Tensor) => createHash("sha256").update(new Uint8Array(tensor.toArray().buffer)).digest("hex");

const found = await extract(train, functions, options);
const seen = await seenFeatures(train, functions, { seed: 3, viewed: 512 }, options);
let failure = "";
try {
  await extract({ ...train, items: train.items.filter(({ path }) => path.includes("torn")) }, functions, options);
} catch (error) {
  failure = String(error);
}
ranks.leave();
console.log(
  JSON.stringify({
    ...{ rows: found.features.own.x.shape, indices: [...found.indices], labels: [...found.labels], failure },
    features: [found.features.own.x, found.features.pixels.x].map(sha),
    seen: Object.values(seen.features).flatMap(({ plain, views }) => [plain, ...Object.values(views)].map(sha)),
    ...{ kept: [...seen.kept], numbers: seen.numbers, encoded: seen.encoded, skipped: skipped.sort() },
  }),
);
