// Large images cut into tiles, each an image of its own: a grid from the upper left, read in parts. An edge that is half a tile or more
// is a smaller tile; what is less is left out, and said. An image smaller than a tile stays as it is.
import { UserError } from "../base/errors.ts";
import type { Item, LeftAside, Split } from "./folder.ts";
import { DECODE_BYTES, MAX_PIXELS } from "./foreign/budget.ts";
import { withRaster } from "./foreign/open.ts";
import { imagesOf } from "./images.ts";
import type { Tile } from "./input.ts";
import { tellOpening } from "./opening.ts";

/** Files whose headers are read at once. */
const AT_ONCE = 16;
/** Tiles of an image; beyond, its header is rather damaged. */
const MOST_OF_ONE = 1e6;
/** Side that a tile has at most, as the setting allows. */
const MOST_SIDE = 4096;
/** Tiles of a data set: the list of them takes half a gigabyte. */
const MOST_TILES = 5e6;
/** Pixels decoded for each that is wanted, beyond which an image too large to be read whole is not cut. */
const MOST_WASTE = 40;

/** A split whose images were cut. */
export interface Cut {
  /** With a `tile` each. */
  split: Split;
  /** Images, tiles, and tiles' worth of edges left out. */
  images: number;
  /** Of all images. */
  edges: number;
  /** What cannot be cut. */
  leftAside: LeftAside[];
}

/** The tiles of an image of that size, row by row, and how many edges are left out. */
export function grid(width: number, height: number, side: number): { tiles: Tile[]; edges: number } {
  const [columns, rows] = [along(width, side), along(height, side)];
  const tiles = rows.starts.flatMap((y) =>
    columns.starts.map((x) => ({ x, y, width: Math.min(side, width - x), height: Math.min(side, height - y) })),
  );
  return { tiles, edges: Number(columns.cut) + Number(rows.cut) };
}

/** Where tiles begin along an axis, and whether something at its end is left out. */
function along(length: number, side: number): { starts: number[]; cut: boolean } {
  const rest = length % side;
  const cut = length > side && rest > 0 && rest < side / 2;
  const count = Math.max(1, Math.floor(length / side) + Number(rest >= side / 2 && length > side));
  return { starts: Array.from({ length: count }, (_, i) => i * side), cut };
}

/**
 * Cuts a split's images.
 *
 * An image that cannot be read stays whole, so that whoever reads it says why; one that is too large to be read whole and cannot be
 * read in parts is left aside, with the command that makes one of it that can.
 *
 * @throws {UserError} where none is left
 */
export async function cutIntoTiles(split: Split, side: number): Promise<Cut> {
  const items: Item[] = [];
  const left: LeftAside[] = [];
  let edges = 0;
  const plain: Split = { ...split, input: undefined };
  for (let start = 0; start < split.items.length; start += AT_ONCE) {
    const some = split.items.slice(start, start + AT_ONCE);
    tellOpening("images measured for tiles", start, split.items.length);
    const images = await imagesOf(plain, some);
    const found = await Promise.all(images.map((image) => sizeOf(image, side)));
    for (const [k, item] of some.entries()) {
      const size = found[k]!;
      if (typeof size === "string") {
        aside(left, size, item.path);
        continue;
      }
      if (size === null) {
        items.push(item);
        continue;
      }
      if (Math.ceil(size.width / side) * Math.ceil(size.height / side) > MOST_OF_ONE) {
        aside(
          left,
          `its header claims more than a million tiles of ${side} × ${side} pixels${larger(side)}`,
          item.path,
        );
        continue;
      }
      const cut = grid(size.width, size.height, side);
      if (items.length + cut.tiles.length > MOST_TILES)
        throw new UserError(
          `Expected at most ${MOST_TILES / 1e6} million tiles of ${side} × ${side} pixels in ${split.root}, got more${larger(side)}`,
        );
      edges += cut.edges;
      for (const tile of cut.tiles) items.push({ ...item, tile });
    }
  }
  if (items.length === 0) {
    const [first] = left;
    throw new UserError(
      `Expected images that can be cut into tiles in ${split.root}, found none; ${first?.example}: ${first?.hint}`,
    );
  }
  return { split: { ...split, items }, images: split.items.length, edges, leftAside: left };
}

/** The way out, where there is one. */
function larger(side: number): string {
  return side <= MOST_SIDE / 2 ? `; take larger ones: --set tiles=${2 * side}` : "";
}

function aside(left: LeftAside[], hint: string, path: string): void {
  const known = left.find((one) => one.hint === hint);
  if (known) known.count++;
  else left.push({ what: "too large to be cut", count: 1, example: path, hint });
}

/** As stored; a string why it cannot be cut, null where it cannot be read. */
async function sizeOf(image: unknown, side: number): Promise<{ width: number; height: number } | string | null> {
  if (typeof image !== "string" && !(image instanceof Uint8Array)) {
    const { width, height } = image as { width: number; height: number };
    return { width, height };
  }
  try {
    return await withRaster(image, async (raster) => {
      const { width, height } = raster;
      const tile = { x: 0, y: 0, width: Math.min(side, width), height: Math.min(side, height) };
      const isWasteful = width * height > MAX_PIXELS && raster.waste(tile) > MOST_WASTE;
      return isWasteful || raster.bytes(tile, [0]) > DECODE_BYTES ? TO_TILES : { width, height };
    });
  } catch (error) {
    return error instanceof Error && /at most 100 million/.test(error.message) ? TO_TILES : null;
  }
}

const TO_TILES =
  "make a tiled TIFF of it: vips tiffsave IN OUT.tif --tile --compression deflate (or gdal_translate -co TILED=YES IN OUT.tif)";
