// Which images are the same: exact copies by SHA-256, near ones by perceptual hash and then by a second look.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { sourceOf, tileKey } from "../data/described.ts";
import { imagesOf } from "../data/images.ts";
import type { ImageReader } from "../data/reader.ts";
import { Candidates } from "./candidates.ts";
import { LOOK_SIDE, likeness } from "./compare.ts";
import { Forest, type Group, group, type Leak, leaksOf, type Pair } from "./groups.ts";
import { grayOf } from "./hash.ts";
import { type Looked, part, type Seen } from "./look.ts";
import { distinctHashes, FARTHEST, NearIndex } from "./near.ts";

/** Copies have more of both (0.92 at least of recoloured ones, measured on photographs), other pictures that hash alike less (0.7 at most). */
const ALIKE = 0.85;
/** Nearest candidates of an image that get the second look. */
const CANDIDATES = 8;
/** Images between two words of how far it is. */
const TOLD = 256;

/** Parts of the search, one after the other. */
export type CopyPart = "bytes" | "hashes" | "pictures";

/** Told how many of a part are done; what it throws ends the search. */
export type Watcher = (part: CopyPart, done: number, total: number) => Promise<void>;

/** Images that are the same, or nearly. */
export interface Copies {
  /** Sets of them. */
  groups: Group[];
  /** One for each image of val that train has, too. */
  leaks: Leak[];
}

/** Finds all copies among the images that can be read; images of one colour are compared byte by byte alone. */
export async function findCopies(looked: Looked, reader: ImageReader, on: Watcher = async () => {}): Promise<Copies> {
  const { images } = looked;
  const sets = await exactSets(looked, on);
  const exact = sets.flatMap((set) => set.slice(1).map((b): Pair => ({ a: set[0]!, b, kind: "exact", similarity: 1 })));
  const near = await nearPairs(looked, sets, reader, on);
  const setOf = new Map(sets.flatMap((set) => set.map((member) => [member, set] as const)));
  const expand = (member: number) => setOf.get(member) ?? [member];
  return { groups: group(images, sets, [...exact, ...near], expand), leaks: leaksOf(images, sets, near, expand) };
}

/** Sets of two images or more with the same bytes. Those that differ in length, size or hash are never read again. */
async function exactSets({ images, whole }: Looked, on: Watcher): Promise<number[][]> {
  function* entries(): Generator<readonly [string, number]> {
    for (const [i, { reason, bytes, width, height }] of images.entries())
      if (reason === null) yield [`${bytes} ${width} ${height} ${whole[2 * i]} ${whole[2 * i + 1]}`, i];
  }
  const alike = gather(entries());
  const same: number[][] = [];
  // Many tiles of one file may be candidates, which is read once.
  const files = new Map<string, Promise<string | null>>();
  const total = alike.reduce((sum, { length }) => sum + length, 0);
  let done = 0;
  for (const candidates of alike) {
    const hashed: [string, number][] = [];
    for (const i of candidates) {
      await on("bytes", done++, total);
      const digest = await digestOf(images[i]!, files);
      if (digest !== null) hashed.push([digest, i]);
    }
    same.push(...gather(hashed));
  }
  return same;
}

/** The values of each key that has two or more. */
function gather(entries: Iterable<readonly [string, number]>): number[][] {
  // Most are alone: for those no list is made.
  const found = new Map<string, number | number[]>();
  for (const [key, value] of entries) {
    const known = found.get(key);
    if (known === undefined) found.set(key, value);
    else if (typeof known === "number") found.set(key, [known, value]);
    else known.push(value);
  }
  return [...found.values()].filter((one) => typeof one !== "number");
}

/** @param files digests of cut files by path, kept and added to */
async function digestOf({ split, item }: Seen, files: Map<string, Promise<string | null>>): Promise<string | null> {
  if (!item.tile) return bytesDigest(split, item);
  const key = `${split.name} ${item.path}`;
  const whole = files.get(key) ?? bytesDigest(split, item);
  files.set(key, whole);
  const digest = await whole;
  // Parts of one file are no copies of each other; the same parts of two are.
  return digest && `${digest} ${tileKey(item.tile)}`;
}

async function bytesDigest(split: Seen["split"], item: Seen["item"]): Promise<string | null> {
  const [asked] = await imagesOf({ ...split, input: undefined }, [{ ...item, tile: undefined }]);
  const image = sourceOf(asked!);
  const hash = createHash("sha256");
  if (image instanceof Uint8Array) return hash.update(image).digest("hex");
  if (typeof image === "object") return hash.update(image.data).digest("hex");
  try {
    await pipeline(createReadStream(image), hash);
    return hash.digest("hex");
  } catch {
    return null; // gone since it was looked at: no copy of anything now
  }
}

async function nearPairs(looked: Looked, sets: number[][], reader: ImageReader, on: Watcher): Promise<Pair[]> {
  const { images, whole, middle } = looked;
  // One of each exact set stands for all.
  const others = new Set(sets.flatMap((set) => set.slice(1)));
  // Of a scan's thousands of nearly empty tiles each would be near each.
  const isEmpty = ({ blank, nearlyBlank, item }: Seen) => blank || (nearlyBlank && item.tile !== undefined);
  const taken = Uint32Array.from(
    [...images.keys()].filter((i) => images[i]!.reason === null && !isEmpty(images[i]!) && !others.has(i)),
  );
  const words = (of: Uint32Array) =>
    Uint32Array.from({ length: 2 * taken.length }, (_, k) => of[2 * taken[k >> 1]! + (k & 1)]!);
  const hashes = words(whole);
  const middles = words(middle);
  // However many frames of a film hash alike, of each hash a few are enough.
  const distinct = distinctHashes(hashes);
  const index = new NearIndex(distinct.words);

  const candidates = new Candidates(images.length);
  const nearest = new Map<number, number>();
  for (let i = 0; i < taken.length; i++) {
    if (i % TOLD === 0) await on("hashes", i, taken.length);
    nearest.clear();
    const found = (id: number, distance: number) =>
      distinct.holders(id, CANDIDATES + 1, (member) => {
        if (member !== i && distance < (nearest.get(member) ?? 65)) nearest.set(member, distance);
      });
    index.search(hashes, i, FARTHEST, found);
    index.search(middles, i, FARTHEST, found);
    if (nearest.size === 0) continue;
    // Of each split by itself: many copies in one must not hide that the other has one.
    const kept = new Map<Seen["split"], number>();
    for (const [member, distance] of [...nearest].sort(([a, d], [b, e]) => d - e || a - b)) {
      const { split } = images[taken[member]!]!;
      const count = kept.get(split) ?? 0;
      if (count >= CANDIDATES) continue;
      kept.set(split, count + 1);
      candidates.add(taken[i]!, taken[member]!, distance);
    }
  }

  const pairs: Pair[] = [];
  const joined = new Forest(images.length);
  const sorted = candidates.sorted();
  for (let k = 0; k < sorted.count; k++) {
    const { a, b } = sorted.at(k);
    // Images of one split that are in one group already add nothing; across splits each pair counts.
    if (images[a]!.split === images[b]!.split && joined.root(a) === joined.root(b)) continue;
    await on("pictures", k, sorted.count);
    const similarity = await compare(images[a]!, images[b]!, reader);
    if (similarity < ALIKE) continue;
    joined.join(a, b);
    pairs.push({ a, b, kind: "near", similarity });
  }
  return pairs;
}

/** How much two images are alike; 0 where either cannot be read any more. */
async function compare(a: Seen, b: Seen, reader: ImageReader): Promise<number> {
  const images = [...(await imagesOf(a.split, [a.item])), ...(await imagesOf(b.split, [b.item]))];
  const { data, failures } = await reader.readPictures(
    [a, b].map((seen, k) => ({ image: images[k]!, views: [part(seen, 1)] })),
    { width: LOOK_SIDE, height: LOOK_SIDE, filter: "bilinear" },
  );
  if (failures.length > 0) return 0;
  const pixels = LOOK_SIDE * LOOK_SIDE;
  const { coarse, fine } = likeness(grayOf(data, 0, pixels), grayOf(data, 3 * pixels, pixels));
  return Math.min(coarse, fine);
}
