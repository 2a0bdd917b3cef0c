// Writes eval/*.json beside a made-up linear.json, as evaluate leaves them: kNN, few-shot, retrieval, and pictures with their sprite.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { Rng } from "../base/rng.ts";

const TILE = 48;
const COLUMNS = 8;

/** What the fixture's linear.json holds that other protocols share. */
interface Linear {
  classes: { id: string; name: string }[];
  val_images: number;
  train_images: number;
  [key: string]: unknown;
}

/** Scores of the other protocols follow from `top1`, kNN's. */
export async function writeProtocols(folder: string, top1: number): Promise<void> {
  const linear = JSON.parse(readFileSync(join(folder, "linear.json"), "utf8")) as Linear;
  const { classes, val_images, train_images } = linear;
  const write = (protocol: string, values: object) =>
    writeFileSync(join(folder, `${protocol}.json`), JSON.stringify({ ...header, protocol, ...values }));
  const header = {
    split: "val",
    seed: 0,
    step: linear.step,
    fingerprint: linear.fingerprint,
    data: "data/imagenette",
    train_images,
    val_images,
    classes,
    seconds: 7.5,
    notes: [],
    settings: {},
  };
  const score = (value: number) => ({
    top1: value,
    top5: Math.min(1, value + 0.3),
    f1: value - 0.01,
    balanced: value - 0.005,
    interval: {
      top1: [value - 0.015, value + 0.015],
      f1: [value - 0.02, value + 0.01],
      balanced: [value - 0.02, value + 0.01],
    },
  });
  const confusion = linear.confusion;
  write("knn", {
    ...score(top1),
    confusion,
    per_class: linear.per_class,
    untrained: score(0.3),
    pixels: score(0.25),
    majority: score(1 / classes.length),
    lead: { untrained: { top1: top1 - 0.3, interval: [top1 - 0.32, top1 - 0.28] } },
  });
  const points = [0.01, 0.1, 1].map((share) => ({
    share,
    images: Math.round(share * train_images),
    draws: share < 1 ? 3 : 1,
    trained: score(top1 * (0.6 + 0.2 * (2 + Math.log10(share)))),
    untrained: score(0.3),
    pixels: score(0.22),
  }));
  write("few-shot", { points });
  const recall = (at: number) => ({ "1": at, "5": at + 0.15, "10": at + 0.2 });
  write("retrieval", {
    recall: recall(top1 - 0.05),
    interval: { "1": [top1 - 0.07, top1 - 0.03] },
    untrained: recall(0.25),
    pixels: recall(0.2),
    chance: recall(0.1),
  });

  const noise = new Rng(3, "map");
  const tiles = 4 * COLUMNS;
  const index = (most: number) => Math.floor(noise.uniform(0, 1) * most);
  const map = {
    points: Array.from({ length: tiles }, (_, tile) => ({
      tile,
      x: noise.uniform(0, 1),
      y: noise.uniform(0, 1),
      label: tile % classes.length,
      predicted: index(classes.length),
    })),
    how: "PCA 50 → UMAP",
    neighbours: 15,
    min_dist: 0.1,
    seed: 0,
  };
  const found = Array.from({ length: 8 }, (_, tile) => ({
    tile,
    label: tile % classes.length,
    similarity: 0.9 - tile / 50,
    right: tile % 3 > 0,
  }));
  const confused = [{ truth: 0, taken: 1, images: 12, share: 0.25, tiles: [1, 2, 3] }];
  writeFileSync(join(folder, "pictures.jpg"), await sprite(tiles));
  write("pictures", {
    tile: TILE,
    sprite: "pictures.jpg",
    columns: COLUMNS,
    tiles,
    predicted_by: "linear",
    map,
    neighbours: [{ tile: 4, label: 0, found }],
    confused,
  });
}

/** Noise, which no codec makes small. */
async function sprite(tiles: number): Promise<Buffer> {
  const [width, height] = [COLUMNS * TILE, (tiles / COLUMNS) * TILE];
  const noise = new Rng(4, "sprite");
  const pixels = Uint8Array.from({ length: width * height * 3 }, () => noise.bits() & 255);
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 85 })
    .toBuffer();
}
