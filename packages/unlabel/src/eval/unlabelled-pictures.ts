// What the trained features look like where there are no labels, for the report: a map of the images that indicators look at, and the
// nearest of some of them, and clusters. Which are asked for follows from names alone, so that runs can be set beside each other.
import { fromTypedArray, scope, type Tensor } from "@unlabel/torch";
import type { Item } from "../data/folder.ts";
import { nameOf } from "../data/names.ts";
import type { EvaluationPictures } from "../run/evaluations.ts";
import { clusterSheets } from "../score/clusters.ts";
import type { Neighbours } from "../score/knn.ts";
import { isRefused } from "../score/told.ts";
import { firstByName, type LookedImages } from "./indicator-images.ts";
import { layOut, MIN_DIST } from "./map.ts";
import { COLUMNS, type Drawn, FOUND, MOST_POINTS, QUERIES, TILE } from "./pictures.ts";
import type { EvaluationSession } from "./session.ts";
import { spriteOf, thumbnailsOf } from "./thumbnails.ts";

/** Clusters that are shown, at most, and images of each: a row of tiles. */
const CLUSTERS = 12;
const SHOWN = 12;

/** Images that could be read, and what the trained encoder makes of them. */
export interface SeenImages {
  /** Those looked at. */
  images: LookedImages;
  /** Which items of the split could be read, `[N]`. */
  kept: Int32Array;
  /** Features, `[N, d]`. */
  plain: Tensor;
  /** The nearest of each, without itself. */
  near: Neighbours;
}

/** Draws the map, neighbours and clusters; a tile is one of the images. */
export async function drawUnlabelled(
  session: EvaluationSession,
  { images, kept, plain, near }: SeenImages,
  step: number,
): Promise<Drawn> {
  const began = performance.now();
  const { seed, machine, view } = session;
  const { split } = images;
  session.log("drawing the map, neighbours and clusters");
  const items = Array.from(kept, (i) => split.items[i]!);
  const tiles = new Map<number, number>();
  const tile = (n: number) => {
    const known = tiles.get(n) ?? tiles.size;
    tiles.set(n, known);
    return known;
  };

  const shown = firstByName({ items }, MOST_POINTS);
  const { x, y, how, neighbours } = mapOf(session, plain, shown);
  const map = {
    points: shown.map((n, i) => ({ tile: tile(n), x: x[i]!, y: y[i]! })),
    ...{ how, neighbours, min_dist: MIN_DIST, seed },
  };
  const sheets = firstByName({ items }, QUERIES).map((n) => ({
    tile: tile(n),
    name: nameOf(items[n]!),
    found: Array.from({ length: Math.min(FOUND, near.k) }, (_, j) => {
      const at = n * near.k + j;
      return { tile: tile(near.indices[at]!), similarity: Math.round(near.similarities[at]! * 1e4) / 1e4 };
    }),
  }));

  const clusters = clusterSheets(plain, CLUSTERS, SHOWN, seed);
  const sorted = isRefused(clusters) ? [] : clusters.map(({ size, nearest }) => ({ size, tiles: nearest.map(tile) }));

  const asked: Item[] = [...tiles.keys()].map((n) => items[n]!);
  using phase = session.phase("pictures: thumbnails", asked.length, "image");
  const pixels = await thumbnailsOf(split, asked, TILE, machine.reader, (done) => phase.update(done));
  const sprite = await spriteOf(pixels, TILE, COLUMNS);
  const count = { train: 0, val: kept.length };
  const file: EvaluationPictures = {
    ...session.header("pictures", step, count, (performance.now() - began) / 1000, images.notes),
    split: images.from,
    classes: [],
    tile: TILE,
    sprite: "pictures.jpg",
    columns: COLUMNS,
    tiles: tiles.size,
    predicted_by: null,
    map,
    neighbours: sheets,
    clusters: sorted,
    confused: [],
    settings: { size: view.size },
  };
  return { file, sprite };
}

function mapOf(session: EvaluationSession, plain: Tensor, shown: readonly number[]) {
  using phase = session.phase("pictures: map", 1, "epoch");
  using points = scope(() => plain.indexSelect(0, fromTypedArray(Int32Array.from(shown))));
  return layOut(points, session.seed, phase.update);
}
