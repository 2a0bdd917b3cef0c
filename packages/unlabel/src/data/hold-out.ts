// Images that training does not see where a data set has neither labels nor val, so that there is something to evaluate on: the same
// ones for every seed, method and machine, chosen by their names. Parts of a file stay on one side, and so do exact copies.
import { createHash, hash } from "node:crypto";
import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { counted } from "../base/text.ts";
import type { Dataset, HeldOut, Item } from "./folder.ts";
import type { SavedHoldOut } from "./reading.ts";
import { IMAGE_EXTENSIONS } from "./walk.ts";

/** What a run keeps of it. */
export function savedHoldOut({ up_to, images, copies }: HeldOut): SavedHoldOut {
  return { up_to, images, copies };
}

/** Fewer images than this are all trained on: a fifth of them would tell nothing. */
export const LEAST_IMAGES = 100;

/**
 * How many of so many images are held out: a tenth, at least 200 and at most 5,000, but never more than a fifth; none of fewer than 100.
 *
 * @param images from 0
 */
export function heldOutCount(images: number): number {
  if (images < LEAST_IMAGES) return 0;
  return Math.min(5000, Math.max(Math.round(images / 10), Math.min(200, Math.floor(images / 5))));
}

/**
 * A file's place among all, a whole number from 0 to 2⁴⁸ − 1 that follows from its name alone. Files that hold bands of one scene
 * (`scene_B04.tif` beside `scene_B08.tif`), and those whose names differ in their endings, have one place.
 */
export function placeOf(path: string): number {
  const name = path.normalize("NFC");
  const extension = extname(name);
  const isImage = IMAGE_EXTENSIONS.has(extension.toLowerCase());
  const stem = (isImage ? name.slice(0, -extension.length) : name).replace(/_B(?:0\d|1[0-2]|8A)$/, "");
  return hash("sha256", stem, "buffer").readUIntBE(0, 6);
}

/** Whether images are held out of it: where there are no labels to evaluate with, and no val. */
export function wantsHoldOut({ val, classes }: Pick<Dataset, "val" | "classes">): boolean {
  return val === null && classes.length < 2;
}

/**
 * The data set with some of its training images held out as `heldOut`, and a reading that says so; as it is where it has labels or val,
 * fewer than 100 images (copies of held-out ones do not count), or is cut from so few files that no whole one could be held out.
 *
 * @param saved of the run that goes on or is evaluated, whose images are found again whatever has been added since; null: it has none
 */
export function holdOut(data: Dataset, saved?: SavedHoldOut | null): Dataset {
  if (saved === null || !wantsHoldOut(data)) return data;
  const { train } = data;
  const places = placesOf(train.items);
  const upTo = saved?.up_to ?? thresholdOf(places);
  if (upTo === null) return data;
  const [held, rest]: [Item[], Item[]] = [[], []];
  for (const [i, item] of train.items.entries()) (places[i]! <= upTo ? held : rest).push(item);
  if (held.length === 0 || rest.length === 0) return data;
  const copies = train.load ? NO_COPIES : copiesOf(train.root, held, rest);
  const kept = held.filter(({ path }) => !copies.has(path));
  const left = rest.filter(({ path }) => !copies.has(path));
  // Of what are copies of one another there are too few images to hold any out.
  if (saved === undefined && kept.length + left.length < LEAST_IMAGES) return data;
  const heldOut: HeldOut = {
    split: { ...train, name: "val", items: kept },
    up_to: upTo,
    images: kept.length,
    copies: train.items.length - kept.length - left.length,
  };
  return {
    ...data,
    train: { ...train, items: left },
    heldOut,
    readings: [...(data.readings ?? []), inWords(heldOut, train.items.length)],
  };
}

function inWords({ images, copies }: SavedHoldOut, all: number): string {
  const share = ((100 * images) / all).toFixed(0);
  const beside =
    copies > 0 ? `; ${copies} exact ${copies === 1 ? "copy of them is" : "copies of them are"} left out` : "";
  return `held out from training, by name: ${counted(images, "image")} (${share} %) for evaluate to look at${beside}; --set hold_out=false trains on all`;
}

/** Parts of a file have one place, which is worked out once. */
function placesOf(items: readonly Item[]): Float64Array {
  const known = new Map<string, number>();
  return Float64Array.from(items, ({ path, tile }) => {
    if (tile === undefined) return placeOf(path);
    const place = known.get(path) ?? placeOf(path);
    known.set(path, place);
    return place;
  });
}

/** The place up to which files are held out; null where none can be. */
function thresholdOf(places: Float64Array): number | null {
  const wanted = heldOutCount(places.length);
  if (wanted === 0) return null;
  const sorted = places.toSorted();
  const upTo = sorted[wanted - 1]!;
  const count = (place: number) => sorted.reduce((sum, one) => sum + Number(one <= place), 0);
  // A file of many tiles may take far more than was wanted along with it.
  if (count(upTo) <= places.length / 3) return upTo;
  const before = sorted.findLast((place) => place < upTo);
  return before ?? null;
}

const NO_COPIES: ReadonlySet<string> = new Set();
/** Files whose sizes are asked for: a second or so. */
const MOST_SIZES = 200_000;
/** Files of a held-out one's size that are looked into: bitmaps are all of one. */
const MOST_LOOKS = 20_000;

/**
 * Paths of files that are byte for byte a held-out one, which itself is not among them; of several held out the first stays. In larger
 * folders nobody looks.
 */
function copiesOf(root: string, held: readonly Item[], rest: readonly Item[]): ReadonlySet<string> {
  const sizes = new Map<string, number>();
  for (const items of [held, rest])
    for (const { path } of items) {
      sizes.set(path, 0);
      if (sizes.size > MOST_SIZES) return NO_COPIES;
    }
  const paths = [...sizes.keys()];
  for (const path of paths) sizes.set(path, sizeOf(join(root, path)));
  const wanted = new Map<number, string[]>();
  for (const { path } of held) {
    const size = sizes.get(path)!;
    if (size > 0) wanted.set(size, []);
  }
  for (const path of paths) wanted.get(sizes.get(path)!)?.push(path);
  const groups = [...wanted.values()].filter((group) => group.length > 1);
  if (groups.reduce((sum, { length }) => sum + length, 0) > MOST_LOOKS) return NO_COPIES;
  const isHeld = new Set(held.map(({ path }) => path));
  const copies = new Set<string>();
  for (const group of groups) {
    // A few bytes of the middle tell most apart.
    for (const alike of grouped(group, (path) => middleOf(join(root, path), sizes.get(path)!))) {
      for (const same of alike.length > 1 ? grouped(alike, (path) => digestOf(join(root, path))) : []) {
        const first = same.find((path) => isHeld.has(path));
        if (first === undefined) continue;
        for (const path of same) if (path !== first) copies.add(path);
      }
    }
  }
  return copies;
}

function grouped(paths: readonly string[], keyOf: (path: string) => string): string[][] {
  const groups = new Map<string, string[]>();
  for (const path of paths) {
    const key = keyOf(path);
    const found = groups.get(key);
    if (found) found.push(path);
    else groups.set(key, [path]);
  }
  return [...groups.values()];
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}

/** What cannot be read is alike to nothing; whoever reads it as an image says why. */
function middleOf(path: string, size: number): string {
  const bytes = Buffer.alloc(Math.min(4096, size));
  try {
    const file = openSync(path, "r");
    try {
      readSync(file, bytes, 0, bytes.length, Math.floor((size - bytes.length) / 2));
    } finally {
      closeSync(file);
    }
  } catch {
    return path;
  }
  return bytes.toString("base64");
}

function digestOf(path: string): string {
  try {
    return createHash("sha256").update(readFileSync(path)).digest("hex");
  } catch {
    return path;
  }
}
