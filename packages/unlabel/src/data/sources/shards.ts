// WebDataset: tar shards whose neighbouring files of one name are a sample (dog.jpg, dog.cls), on this machine or behind HTTP.
// Shards are listed once and then read by offset; `shard-classes.ts` says which class a sample has.
import { basename, dirname, posix } from "node:path";
import { UserError } from "../../base/errors.ts";
import { shellWord } from "../../base/shell.ts";
import type { Dataset, Item, LeftAside } from "../folder.ts";
import { imagesAlone } from "../made-of-images.ts";
import { tellOpening } from "../opening.ts";
import { type BlockLimits, Blocks, orderOf, readingOf } from "./blocks.ts";
import { type Bytes, localBytes, remoteBytes } from "./bytes.ts";
import { assemble, type Sample } from "./dataset.ts";
import { AT_ONCE, limited, pooled } from "./pooled.ts";
import { classesOf } from "./shard-classes.ts";
import { indexShard } from "./shard-index.ts";
import { notesOf } from "./shard-notes.ts";
import { doubtOf, partOfWord, partsOfFiles } from "./splits.ts";

// What is read in one go: long enough to be quick, short enough that a window mixes many of them.
const BLOCK_BYTES = 3e6;

/** An image in a shard. */
interface Placed {
  shard: number;
  offset: number;
  size: number;
  block: number;
}

interface Block {
  shard: number;
  start: number;
  end: number;
}

/**
 * @param names paths or URLs
 * @param limits of memory, for remote ones
 * @throws {UserError} where one of them cannot be read or is damaged
 */
export async function openShards(root: string, names: readonly string[], limits: BlockLimits = {}): Promise<Dataset> {
  const isRemote = (name: string) => /^https?:/i.test(name);
  const shards = await pooled(AT_ONCE, names, (name) => (isRemote(name) ? remoteBytes(name) : localBytes(name)));
  let [files, done] = [0, 0];
  const tell = (more: number) => {
    files += more;
    tellOpening(`files listed in shards, ${done} of ${shards.length} whole`, files);
  };
  const found = await pooled(AT_ONCE, shards, async (bytes) => {
    const index = await indexShard(bytes, tell);
    done++;
    tell(0);
    return index;
  });
  const alone = found.map(({ samples }) => imagesAlone(samples));
  const indices = found.map((index, shard) => ({ ...index, samples: [...alone[shard]!.images] }));
  const understood = classesOf(indices);
  const shardNames = names.map(shardName);
  const parts = partsOfFiles(shardNames);
  // Where all shards are of one split or none, the folders inside may tell more.
  const isToldByShards = new Set(parts.filter((part) => part !== null)).size > 1;

  const samples: Sample[] = [];
  const placed: Placed[] = [];
  const blocks: Block[] = [];
  for (const [shard, { samples: own }] of indices.entries()) {
    const name = basename(shardNames[shard]!);
    for (const { path, offset, size, ...labels } of own) {
      const { label, part: inside, isStray } = understood.of({ path, ...labels });
      const outside = parts[shard] ?? null;
      const part = isToldByShards ? (outside ?? inside) : (inside ?? outside);
      samples.push({ path: `${name}/${path}`, label, part, size, ...(isStray && { aside: true }) });
      let block = blocks.at(-1);
      if (block?.shard !== shard || offset + size - block.start > BLOCK_BYTES) {
        block = { shard, start: offset, end: offset };
        blocks.push(block);
      }
      block.end = offset + size;
      placed.push({ shard, offset, size, block: blocks.length - 1 });
    }
  }
  const notes = notesOf(root, shardNames, indices, understood);
  if (samples.length === 0)
    throw new UserError(`Expected images in ${root}, found none${instead(root, names, notes.leftAside)}`);

  const fetch = limited(AT_ONCE, async (block: number) => {
    const { shard, start, end } = blocks[block]!;
    return (await shards[shard]!.open()).read(start, end - start);
  });
  const store = new Blocks<Uint8Array>({
    sizes: blocks.map(({ start, end }) => end - start),
    blockOf: (at) => placed[at]!.block,
    fetch,
    ...limits,
  });
  const cut = (data: Uint8Array, at: number) => {
    const { offset, size, block } = placed[at]!;
    const from = offset - blocks[block]!.start;
    return data.slice(from, from + size);
  };
  // On this machine any image can be read by itself.
  const fromDisk = {
    load: (items: readonly Item[]) =>
      fromFiles(
        shards,
        items.map(({ at }) => placed[at!]!),
      ),
    order: orderOf(store),
  };
  const doubt = names.length > 1 ? doubtOf(shardNames, parts) : null;
  return assemble({
    root,
    layout: "webdataset",
    samples,
    leftAside: [
      ...notes.leftAside,
      ...inArchives(
        names,
        alone.map((one) => one.leftAside),
      ),
    ],
    readings: [
      ...(doubt === null ? [] : [doubt]),
      ...notes.readings,
      ...(samples.every(({ label }) => label === null) ? shardsAsClasses(root, names, samples) : []),
    ],
    ...(names.some(isRemote) ? readingOf(store, cut) : fromDisk),
  });
}

/** Pictures that were made of others, where they lie in archives: of each kind once. */
function inArchives(names: readonly string[], aside: readonly (readonly LeftAside[])[]): LeftAside[] {
  const hint = "they show what was made of images, as their names say";
  const kinds = new Map<string, LeftAside>();
  for (const [i, some] of aside.entries())
    for (const { what, count, example } of some) {
      const known = kinds.get(what);
      if (known) known.count += count;
      else kinds.set(what, { what, count, example: `${basename(shardName(names[i]!))}/${example}`, hint });
    }
  return [...kinds.values()];
}

/** What there is where no images are. */
function instead(root: string, names: readonly string[], aside: readonly LeftAside[]): string {
  const kinds = aside.slice(0, 4).map(({ what, count }) => `${count} ${what}`);
  if (kinds.length === 0) return "";
  const isNested = names.length === 1 && aside.some(({ what }) => what === ".tar");
  return `, but ${kinds.join(", ")}${isNested ? `; archives within one become folders by: ${nestedCommand(root)}` : ""}`;
}

/** As ImageNet's comes: an archive of one for each class. */
function nestedCommand(root: string): string {
  const folder = shellWord(basename(root, ".tar"));
  return `mkdir ${folder} && tar -xf ${shellWord(root)} -C ${folder} && cd ${folder} && ${EACH_TO_FOLDER}, then give ${folder}`;
}

/** In each folder below the working one. */
const EACH_TO_FOLDER = `find . -name '*.tar' -exec sh -c 'mkdir "\${1%.tar}" && tar -xf "$1" -C "\${1%.tar}" && rm "$1"' _ {} \\;`;

/** Shards without labels whose own names may be their classes: words, or what their images' names begin with. */
function shardsAsClasses(root: string, names: readonly string[], samples: readonly Sample[]): string[] {
  const own = names.map((name) => basename(shardName(name)).replace(/\.tar$/i, ""));
  const words = new Set(own.map((name) => name.replace(/[\d\W_]+/g, "").toLowerCase()));
  const first = basename(samples[0]!.path);
  const areNamed = own.every((name) => /^[^\d]/.test(name)) && words.size === own.length;
  if (own.length < 2 || !(areNamed || first.startsWith(own[0]!)) || own.some((name) => partOfWord(name) !== null))
    return [];
  const place = /^https?:/i.test(root) ? "SHARDS" : shellWord(root);
  return [
    `no classes; if each shard is one (${own.slice(0, 2).join(", ")}), make folders of them: cp -r ${place} CLASSES && cd CLASSES && ${EACH_TO_FOLDER}, then give CLASSES`,
  ];
}

/** Reads from each shard what is wanted of it, in its order. */
async function fromFiles(shards: readonly Bytes[], wanted: readonly Placed[]): Promise<Uint8Array[]> {
  const images = new Array<Uint8Array>(wanted.length);
  const order = [...wanted.keys()].sort((a, b) => wanted[a]!.offset - wanted[b]!.offset);
  await Promise.all(
    [...new Set(wanted.map(({ shard }) => shard))].map(async (shard) => {
      const file = await shards[shard]!.open();
      try {
        const here = order.filter((k) => wanted[k]!.shard === shard);
        for (const k of here) images[k] = await file.read(wanted[k]!.offset, wanted[k]!.size);
      } finally {
        await file.close();
      }
    }),
  );
  return images;
}

/** Folder and file of a path or URL, without what a URL asks beside. */
function shardName(name: string): string {
  const path = /^https?:/i.test(name) ? decodeURI(new URL(name).pathname) : name.replaceAll("\\", "/");
  return posix.join(basename(dirname(path)), basename(path));
}
