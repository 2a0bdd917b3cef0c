// WebDataset: tar shards whose neighbouring files of one name are a sample (dog.jpg, dog.cls), on this machine or behind HTTP.
// Shards are listed once and then read by offset; `shard-classes.ts` says which class a sample has.
import { basename, dirname, posix } from "node:path";
import { UserError } from "../../base/errors.ts";
import type { Dataset, Item } from "../folder.ts";
import { type BlockLimits, Blocks, orderOf, readingOf } from "./blocks.ts";
import { type Bytes, localBytes, remoteBytes } from "./bytes.ts";
import { assemble, type Sample } from "./dataset.ts";
import { AT_ONCE, limited, pooled } from "./pooled.ts";
import { classesOf } from "./shard-classes.ts";
import { indexShard } from "./shard-index.ts";
import { notesOf } from "./shard-notes.ts";
import { doubtOf, partsOfFiles } from "./splits.ts";

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
  const indices = await pooled(AT_ONCE, shards, indexShard);
  const understood = classesOf(indices);
  const shardNames = names.map(shardName);
  const parts = partsOfFiles(shardNames);
  // Where all shards are of one split or none, the folders inside may tell more.
  const isToldByShards = new Set(parts.filter((part) => part !== null)).size > 1;

  const samples: Sample[] = [];
  const placed: Placed[] = [];
  const blocks: Block[] = [];
  for (const [shard, { samples: found }] of indices.entries()) {
    const name = basename(shardNames[shard]!);
    for (const { path, offset, size, ...labels } of found) {
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
  if (samples.length === 0) {
    const ignored = indices.reduce((sum, one) => sum + one.ignored, 0);
    throw new UserError(
      `Expected images in ${root}, found none${ignored > 0 ? ` (${ignored} links and the like do not count)` : ""}`,
    );
  }

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
  const notes = notesOf(root, shardNames, indices, understood);
  const doubt = names.length > 1 ? doubtOf(shardNames, parts) : null;
  return assemble({
    root,
    layout: "webdataset",
    samples,
    leftAside: notes.leftAside,
    readings: doubt === null ? notes.readings : [doubt, ...notes.readings],
    ...(names.some(isRemote) ? readingOf(store, cut) : fromDisk),
  });
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
