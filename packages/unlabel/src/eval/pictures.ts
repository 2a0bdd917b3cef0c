// What the trained features look like, for the report: a map of test images, some with their neighbours of train, and the classes
// taken for one another. Thumbnails lie in one sprite.
import type { Tensor } from "@unlabel/torch";
import { Rng } from "../base/rng.ts";
import type { Split } from "../data/folder.ts";
import type { EvaluationPictures } from "../run/evaluations.ts";
import type { Subject } from "./feature-protocols.ts";
import { pick } from "./linear.ts";
import { type Layout, layOut, MIN_DIST } from "./map.ts";
import type { EvaluationSession } from "./session.ts";
import { drawEach } from "./splits.ts";
import { spriteOf, thumbnailsOf } from "./thumbnails.ts";

/** Edge of a tile in pixels. */
export const TILE = 48;
/** Tiles in a row of the sprite. */
export const COLUMNS = 32;
/** Points of a map, at most. */
export const MOST_POINTS = 1000;
/** Images whose neighbours are shown. */
export const QUERIES = 12;
/** Neighbours shown of each. */
export const FOUND = 8;
const PAIRS = 6;
const TILES_A_PAIR = 6;

export interface Drawn {
  file: EvaluationPictures;
  /** A JPEG. */
  sprite: Uint8Array;
}

/** Draws from the trained encoder's features; `predicted` is what the classifier `by` says of the images of val. */
export async function drawPictures(
  subject: Subject,
  predicted: Int32Array,
  by: EvaluationPictures["predicted_by"],
): Promise<Drawn> {
  const began = performance.now();
  const { session, sources, kept, step } = subject;
  session.log("drawing the map, neighbours and confused classes");
  const { seed, train, val, machine, view } = session;
  const source = sources[0]!;
  const { labels } = source.val;
  const tiles = new Tiles();

  const shown = shownOnMap(labels, seed);
  using points = pick(source.val, shown).x;
  const { x, y, how, neighbours } = mapOf(session, points);
  const map = {
    points: shown.map((n, i) => ({
      tile: tiles.of("val", n),
      x: x[i]!,
      y: y[i]!,
      label: labels[n]!,
      predicted: predicted[n]!,
    })),
    how,
    neighbours,
    min_dist: MIN_DIST,
    seed,
  };

  const near = source.neighbours(FOUND);
  const sheets = queriesOf(labels, seed).map((n) => ({
    tile: tiles.of("val", n),
    label: labels[n]!,
    found: Array.from({ length: Math.min(FOUND, near.k) }, (_, j) => {
      const at = n * near.k + j;
      const label = source.train.labels[near.indices[at]!]!;
      const similarity = Math.round(near.similarities[at]! * 1e4) / 1e4;
      return { tile: tiles.of("train", near.indices[at]!), label, similarity, right: label === labels[n] };
    }),
  }));
  const confused = confusedPairs(labels, predicted).map(({ members, ...pair }) => ({
    ...pair,
    tiles: members.slice(0, TILES_A_PAIR).map((n) => tiles.of("val", n)),
  }));

  using phase = session.phase("pictures: thumbnails", tiles.count, "image");
  let read = 0;
  const pixels = await tiles.pixels(
    { train: { split: train, kept: kept.train }, val: { split: val, kept: kept.val } },
    async (split, items) => {
      const found = await thumbnailsOf(split, items, TILE, machine.reader, (done) => phase.update(read + done));
      read += items.length;
      return found;
    },
  );
  const images = { train: kept.train.length, val: kept.val.length };
  const sprite = await spriteOf(pixels, TILE, COLUMNS);
  const file: EvaluationPictures = {
    ...session.header("pictures", step, images, (performance.now() - began) / 1000),
    tile: TILE,
    sprite: "pictures.jpg",
    columns: COLUMNS,
    tiles: tiles.count,
    predicted_by: by,
    map,
    neighbours: sheets,
    confused,
    settings: { size: view.size },
  };
  return { file, sprite };
}

/** Images of a map: all, or {@link MOST_POINTS} with each class in proportion; where these are not whole, the larger rests round up. */
export function shownOnMap(labels: Int32Array, seed: number): number[] {
  const share = MOST_POINTS / labels.length;
  if (share >= 1) return Array.from(labels.keys());
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  // Rests alike go by lot, or many small classes would be those with the first names.
  const classes = [...counts].map(([label, count]) => {
    // Whole thousandths of a millionth: 1/49 of 49 is one.
    const parts = Math.round(1e9 * share * count);
    const rest = parts % 1e9;
    return { label, whole: (parts - rest) / 1e9, rest, lot: new Rng(seed, "map's rests", 0, label).bits() };
  });
  const left = MOST_POINTS - classes.reduce((sum, { whole }) => sum + whole, 0);
  const larger = classes.toSorted((a, b) => b.rest - a.rest || a.lot - b.lot).slice(0, left);
  const roundUp = new Set(larger.map(({ label }) => label));
  const wholes = new Map(classes.map(({ label, whole }) => [label, whole + Number(roundUp.has(label))]));
  return drawEach(labels, (_, label) => wholes.get(label)!, seed, "map");
}

function mapOf(session: EvaluationSession, points: Tensor): Layout {
  using phase = session.phase("pictures: map", 1, "epoch");
  return layOut(points, session.seed, phase.update);
}

/** Numbers images as they are asked for, each once. */
class Tiles {
  readonly #numbers = new Map<string, number>();
  readonly #images: { split: "train" | "val"; row: number }[] = [];

  get count(): number {
    return this.#images.length;
  }

  of(split: "train" | "val", row: number): number {
    const key = `${split} ${row}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.#images.length);
    return this.#images.push({ split, row }) - 1;
  }

  /** All tiles' pixels in their order. `kept` says which item of the split a row of the features is. */
  async pixels(
    splits: Record<"train" | "val", { split: Split; kept: Int32Array }>,
    read: (split: Split, items: Split["items"]) => Promise<Uint8Array>,
  ): Promise<Uint8Array> {
    const bytes = TILE * TILE * 3;
    const all = new Uint8Array(this.count * bytes);
    for (const name of ["train", "val"] as const) {
      const { split, kept } = splits[name];
      const asked = this.#images.flatMap(({ split: own, row }, tile) => (own === name ? [{ tile, row }] : []));
      const found = await read(
        split,
        asked.map(({ row }) => split.items[kept[row]!]!),
      );
      for (const [i, { tile }] of asked.entries()) all.set(found.subarray(i * bytes, (i + 1) * bytes), tile * bytes);
    }
    return all;
  }
}

/** Images of val spread over the classes: the first of each class, then the second of each, until there are enough. */
function queriesOf(labels: Int32Array, seed: number): number[] {
  const present = new Set(labels).size;
  const rounds = Math.ceil(QUERIES / present);
  const drawn = drawEach(labels, () => rounds, seed, "queries");
  const turn = new Map<number, number>();
  const placed = drawn.map((n) => {
    const round = turn.get(labels[n]!) ?? 0;
    turn.set(labels[n]!, round + 1);
    return { n, round };
  });
  return placed
    .toSorted((a, b) => a.round - b.round || labels[a.n]! - labels[b.n]!)
    .slice(0, QUERIES)
    .map(({ n }) => n)
    .toSorted((a, b) => labels[a]! - labels[b]!);
}

/** The pairs of classes in which the largest share of one is taken for the other. */
function confusedPairs(labels: Int32Array, predicted: Int32Array) {
  const support = new Map<number, number>();
  const pairs = new Map<string, { truth: number; taken: number; members: number[] }>();
  for (const [n, truth] of labels.entries()) {
    support.set(truth, (support.get(truth) ?? 0) + 1);
    const taken = predicted[n]!;
    if (truth === taken) continue;
    const pair = pairs.get(`${truth} ${taken}`) ?? { truth, taken, members: [] };
    pairs.set(`${truth} ${taken}`, pair);
    pair.members.push(n);
  }
  return [...pairs.values()]
    .map((pair) => ({ ...pair, images: pair.members.length, share: pair.members.length / support.get(pair.truth)! }))
    .toSorted((a, b) => b.share - a.share || a.truth - b.truth || a.taken - b.taken)
    .slice(0, PAIRS);
}
