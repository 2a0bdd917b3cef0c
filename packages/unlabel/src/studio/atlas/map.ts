// A run's map: where its images lie by their features, and what may colour them.
import { setImmediate } from "node:timers/promises";
import { fromTypedArray, noGrad, scope, type Tensor } from "@unlabel/torch";
import { layOutMany } from "../../eval/map-many.ts";
import { kMeans, nearestCentre } from "../../score/k-means.ts";
import { KNN, nearest, normalise, vote } from "../../score/knn.ts";
import type { MapTold } from "../messages/atlas.ts";
import { drawnRows, featuresOf, type OpenedRun, type Tell } from "./features.ts";

/** Images on a map. */
export const MOST_POINTS = 100_000;
/** Groups that k-means makes: as many as there are colours. */
const GROUPS = 10;
/** Images that k-means learns its centres from, and that vote on a class: of more, so many are drawn. */
const MOST_TO_LEARN = 10_000;
const MOST_TO_VOTE = 20_000;
/** Images that are voted on before other work has its turn. */
const CHUNK = 2048;

/** A map as it is sent: what is told of it, and its points. */
export interface DrawnMap {
  told: MapTold;
  /** As messages/atlas.ts says. */
  points: Uint8Array;
}

/** Draws it. @throws {UserError} where there are no weights or no images */
export async function drawMap(opened: OpenedRun, tell: Tell, signal?: AbortSignal): Promise<DrawnMap> {
  const began = performance.now();
  const { images, step } = opened;
  const { seed } = images.run.info.config;
  tell("reading features", null);
  using found = await featuresOf(opened, MOST_POINTS, tell, signal);
  const count = found.images.length;
  tell("laying out the map", 0);
  const layout = await layOutMany(found.features, seed, {
    onProgress: (share) => tell("laying out the map", share),
    ...(signal && { signal }),
  });
  const placed = Array.from(found.images, (image) => images.at(image));
  const labels = Int32Array.from(placed, ({ item }) => item.label);
  const classes = images.classes.length;
  tell("asking neighbours for classes", 0);
  const predicted = await predict(found.features, labels, classes, seed, (share) =>
    tell("asking neighbours for classes", share),
  );
  tell("finding groups", null);
  const groups = group(found.features, Math.min(GROUPS, Math.max(1, Math.floor(count / 5))), seed);
  const labelled = labels.reduce((sum, label, n) => sum + Number(label >= 0 && predicted[n]! >= 0), 0);
  const wrong = labels.reduce(
    (sum, label, n) => sum + Number(label >= 0 && predicted[n]! >= 0 && predicted[n] !== label),
    0,
  );
  const tally = new Int32Array(classes);
  for (const label of labels) if (label >= 0) tally[label]!++;
  const train = placed.filter(({ split }) => split.name === "train").length;
  const told: MapTold = {
    created: images.run.info.created,
    count,
    how: layout.how,
    step,
    classes: images.classes.map(({ name }, label) => ({ name, images: tally[label]! })),
    clusters: groups.reduce((most, one) => Math.max(most, one + 1), 0),
    wrong: labelled > 0 ? wrong / labelled : null,
    ...{ train, val: count - train, left: images.count - count, images: images.key },
    seconds: (performance.now() - began) / 1000,
    cached: found.cached,
  };
  const splits = Uint8Array.from(placed, ({ split }) => (split.name === "train" ? 0 : 1));
  const unit = (values: number[]) => Uint16Array.from(values, (value) => Math.round(65_535 * value));
  return {
    told,
    points: joined([
      Uint32Array.from(found.images),
      unit(layout.x),
      unit(layout.y),
      Int16Array.from(labels),
      Int16Array.from(predicted),
      groups,
      splits,
    ]),
  };
}

/** The class that kNN names each row, by the labels of others; −1 where nobody has one. */
async function predict(
  features: Tensor,
  labels: Int32Array,
  classes: number,
  seed: number,
  onDone: (share: number) => void,
): Promise<Int32Array> {
  const count = labels.length;
  const told = new Int32Array(count).fill(-1);
  const known = Int32Array.from([...labels.keys()].filter((n) => labels[n]! >= 0));
  const bank = Int32Array.from(drawnRows(known.length, MOST_TO_VOTE, seed), (at) => known[at]!);
  if (bank.length < 2 || classes < 2) return told;
  using keys = scope(() => features.indexSelect(0, fromTypedArray(bank)));
  const places = new Map(Array.from(bank, (row, at) => [row, at]));
  const names = Int32Array.from(bank, (row) => labels[row]!);
  for (let at = 0; at < count; at += CHUNK) {
    const some = Math.min(CHUNK, count - at);
    // One more, since an image is nearest to itself, and has no vote on its own class.
    const near = scope(() => nearest(keys, features.narrow(0, at, some), KNN.k + 1));
    const k = near.k - 1;
    const indices = new Int32Array(some * k);
    const similarities = new Float32Array(some * k);
    for (let n = 0; n < some; n++) {
      const own = places.get(at + n);
      let to = n * k;
      for (let j = 0; j < near.k && to < (n + 1) * k; j++) {
        const from = n * near.k + j;
        if (near.indices[from] === own) continue;
        indices[to] = near.indices[from]!;
        similarities[to] = near.similarities[from]!;
        to++;
      }
    }
    const votes = vote({ k, indices, similarities }, names, classes, KNN);
    for (let n = 0; n < some; n++) {
      const row = votes.subarray(n * classes, (n + 1) * classes);
      told[at + n] = row.indexOf(row.reduce((a, b) => Math.max(a, b)));
    }
    onDone((at + some) / count);
    await setImmediate();
  }
  return told;
}

/** The group of each row; centres are learnt from some of them where there are many. */
function group(features: Tensor, k: number, seed: number): Uint8Array {
  const count = features.shape[0]!;
  if (k < 2) return new Uint8Array(count);
  return noGrad(() =>
    scope(() => {
      const unit = normalise(features);
      const learnt = unit
        .indexSelect(0, fromTypedArray(drawnRows(count, MOST_TO_LEARN, seed)))
        .to({ dtype: "float64" });
      const { centres } = kMeans(learnt, k, seed);
      const found = nearestCentre(unit, centres.to({ dtype: "float32" }));
      centres.dispose();
      return Uint8Array.from(found);
    }),
  );
}

function joined(parts: readonly (Uint8Array | Uint16Array | Int16Array | Uint32Array)[]): Uint8Array {
  const bytes = parts.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength));
  const out = new Uint8Array(bytes.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of bytes) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
