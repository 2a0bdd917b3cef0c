// What metrics are called, and how their values are said.
import { percent, significant } from "../../../page/numbers.ts";

const WORDS: Readonly<Record<string, string>> = {
  "train/loss": "Loss",
  "train/lr": "Learning rate",
  "train/grad_norm": "Gradient norm",
  "data/images_per_s": "Images a second",
  "data/wait_s": "Waiting for images, s",
  "data/size": "Edge of views, px",
  "online/linear_top1": "Linear probe while training",
  "online/knn_top1": "kNN while training",
  "health/std": "Spread of features",
  "health/rank": "Effective rank",
  "health/alignment": "Alignment",
  "health/uniformity": "Uniformity",
  "health/grad_norm": "Encoder's gradient norm",
  "health/images": "Images looked at",
  "watch/seconds": "Looking at features, s",
};

/** A metric for people: `train/embedding_std` is "Embedding std". */
export function metricWords(key: string): string {
  if (Object.hasOwn(WORDS, key)) return WORDS[key]!;
  const name = key.slice(key.indexOf("/") + 1).replaceAll("_", " ");
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** How a metric's values are said. */
export function valueWords(key: string): (value: number) => string {
  return /_top\d+$/.test(key) ? (value) => percent(value) : (value) => significant(value);
}

const FAMILIES: Readonly<Record<string, string>> = {
  train: "Training",
  data: "Speed",
  health: "Health",
  online: "Scores while training",
};

/** What belongs together. */
export function familyOf(key: string): string {
  const family = key.slice(0, Math.max(0, key.indexOf("/")));
  return Object.hasOwn(FAMILIES, family) ? FAMILIES[family]! : "Other";
}

const ORDER = ["train/loss", "online/linear_top1", "online/knn_top1"];

/** Metrics as people look for them. */
export function orderedMetrics(keys: readonly string[]): string[] {
  const rank = (key: string) => {
    const at = ORDER.indexOf(key);
    return at < 0 ? ORDER.length : at;
  };
  return [...keys].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}
