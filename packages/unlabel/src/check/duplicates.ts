// Which images are the same: exact copies by SHA-256, near ones by perceptual hash and then by a second look.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { sourceOf, tileKey } from "../data/described.ts";
import { imagesOf } from "../data/images.ts";
import type { ImageReader } from "../data/reader.ts";
import { LOOK_SIDE, likeness } from "./compare.ts";
import { Forest, type Group, group, type Leak, leaksOf, type Pair } from "./groups.ts";
import { grayOf } from "./hash.ts";
import { type Looked, part, type Seen } from "./look.ts";
import { FARTHEST, NearIndex } from "./near.ts";

/** Copies have more of both (0.92 at least of recoloured ones, measured on photographs), other pictures that hash alike less (0.7 at most). */
const ALIKE = 0.85;
/** Nearest candidates of an image that get the second look. */
const CANDIDATES = 8;

/** Images that are the same, or nearly. */
export interface Copies {
  /** Sets of them. */
  groups: Group[];
  /** One for each image of val that train has, too. */
  leaks: Leak[];
}

/** Finds all copies among the images that can be read; images of one colour are compared byte by byte alone. */
export async function findCopies(looked: Looked, reader: ImageReader): Promise<Copies> {
  const { images } = looked;
  const sets = await exactSets(looked);
  const exact = sets.flatMap((set) => set.slice(1).map((b): Pair => ({ a: set[0]!, b, kind: "exact", similarity: 1 })));
  const near = await nearPairs(looked, sets, reader);
  const setOf = new Map(sets.flatMap((set) => set.map((member) => [member, set] as const)));
  const expand = (member: number) => setOf.get(member) ?? [member];
  return { groups: group(images, sets, [...exact, ...near], expand), leaks: leaksOf(images, sets, near, expand) };
}

/** Sets of two images or more with the same bytes. Those that differ in length, size or hash are never read again. */
async function exactSets({ images, whole }: Looked): Promise<number[][]> {
  const alike = gather(
    images.flatMap((seen, i) =>
      seen.reason === null
        ? [[`${seen.bytes} ${seen.width} ${seen.height} ${whole[2 * i]} ${whole[2 * i + 1]}`, i] as const]
        : [],
    ),
  );
  const same: number[][] = [];
  // Many tiles of one file may be candidates, which is read once.
  const files = new Map<string, Promise<string | null>>();
  for (const candidates of alike) {
    const hashed: [string, number][] = [];
    for (const i of candidates) {
      const digest = await digestOf(images[i]!, files);
      if (digest !== null) hashed.push([digest, i]);
    }
    same.push(...gather(hashed));
  }
  return same;
}

/** The values of each key that has two or more. */
function gather(entries: Iterable<readonly [string, number]>): number[][] {
  const lists = new Map<string, number[]>();
  for (const [key, value] of entries) {
    const list = lists.get(key);
    if (list) list.push(value);
    else lists.set(key, [value]);
  }
  return [...lists.values()].filter(({ length }) => length > 1);
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

async function nearPairs(looked: Looked, sets: number[][], reader: ImageReader): Promise<Pair[]> {
  const { images, whole, middle } = looked;
  // One of each exact set stands for all.
  const others = new Set(sets.flatMap((set) => set.slice(1)));
  // Of a scan's thousands of nearly empty tiles each would be near each.
  const isEmpty = ({ blank, nearlyBlank, item }: Seen) => blank || (nearlyBlank && item.tile !== undefined);
  const taken = images.flatMap((seen, i) => (seen.reason === null && !isEmpty(seen) && !others.has(i) ? [i] : []));
  const words = (of: Uint32Array) => Uint32Array.from(taken.flatMap((i) => [of[2 * i]!, of[2 * i + 1]!]));
  const hashes = words(whole);
  const middles = words(middle);
  const index = new NearIndex(hashes);

  const candidates = new Map<string, { a: number; b: number; distance: number }>();
  for (let i = 0; i < taken.length; i++) {
    const nearest = new Map<number, number>();
    const found = (member: number, distance: number) => {
      if (member !== i && distance < (nearest.get(member) ?? 65)) nearest.set(member, distance);
    };
    index.search(hashes, i, FARTHEST, found);
    index.search(middles, i, FARTHEST, found);
    const kept = [...nearest].sort(([a, d], [b, e]) => d - e || a - b).slice(0, CANDIDATES);
    for (const [member, distance] of kept) {
      const [a, b] = [taken[Math.min(i, member)]!, taken[Math.max(i, member)]!];
      candidates.set(`${a} ${b}`, { a, b, distance });
    }
  }

  const pairs: Pair[] = [];
  const joined = new Forest(images.length);
  for (const { a, b } of [...candidates.values()].sort((p, q) => p.distance - q.distance || p.a - q.a || p.b - q.b)) {
    // Images of one split that are in one group already add nothing; across splits each pair counts.
    if (images[a]!.split === images[b]!.split && joined.root(a) === joined.root(b)) continue;
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
