// index-terms.ts TERM COUNT: one term of what a data set of so many images asks of a process: seconds and bytes, in a process of its own.
//   folder      a folder of so many files, listed                     shards   tar shards of 10,000 each, listed, and listed again from the cache
//   items       the list of shards' images as it is held in memory    order    the order of an epoch
//   typed       the same list as arrays of numbers                    save     a checkpoint of so many megabytes, written, synced, read back
import { existsSync, linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import { shuffle } from "../../packages/unlabel/src/base/rng.ts";
import { member } from "../many-images.ts";

const [term = "", text = "0"] = process.argv.slice(2);
const count = Number(text);
const SHARD = 10_000;
const root = mkdtempSync(join(existsSync("/dev/shm") && term !== "save" ? "/dev/shm" : tmpdir(), "unlabel-index-"));

/** Memory that is held, once what is not needed is gone. */
function held(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Seconds are the processor's, whatever else the machine does; `clock` are those on the wall. */
async function timed<T>(
  body: () => T | Promise<T>,
): Promise<{ value: T; seconds: number; clock: number; bytes: number }> {
  const before = held();
  const [began, cpu] = [performance.now(), process.cpuUsage()];
  const value = await body();
  const { user, system } = process.cpuUsage(cpu);
  const clock = (performance.now() - began) / 1000;
  return { value, seconds: (user + system) / 1e6, clock, bytes: held() - before };
}

const TERMS: Record<string, () => Promise<Record<string, number>>> = {
  async folder() {
    const { openData } = await import("../../packages/unlabel/src/data/open.ts");
    const images = join(root, "images");
    for (let i = 0; i < count; i++) {
      const folder = join(images, `class-${i % 1000}`);
      if (i < 1000) mkdirSync(folder, { recursive: true });
      // Some file systems allow no more than 65,000 links to a file.
      const original = join(root, String(Math.floor(i / 50_000)));
      if (!existsSync(original)) writeFileSync(original, "");
      linkSync(original, join(folder, `${String(i).padStart(9, "0")}.jpg`));
    }
    const { value, seconds, bytes } = await timed(() => openData(images));
    return { seconds, bytes, items: value.train.items.length };
  },

  async shards() {
    const { openData } = await import("../../packages/unlabel/src/data/open.ts");
    process.env.UNLABEL_CACHE = join(root, "cache");
    const entry = (i: number): Buffer[] => {
      const name = String(i).padStart(9, "0");
      return [...member(`${name}.jpg`, Buffer.alloc(300, 7)), ...member(`${name}.cls`, Buffer.from(String(i % 1000)))];
    };
    const folder = join(root, "shards");
    mkdirSync(folder);
    for (let shard = 0; shard * SHARD < count; shard++) {
      const entries = Array.from({ length: Math.min(SHARD, count - shard * SHARD) }, (_, i) =>
        entry(shard * SHARD + i),
      );
      writeFileSync(
        join(folder, `train-${String(shard).padStart(6, "0")}.tar`),
        Buffer.concat([...entries.flat(), Buffer.alloc(1024)]),
      );
    }
    const first = await timed(() => openData(folder));
    const again = await timed(() => openData(folder));
    return {
      ...{ seconds: first.seconds, again: again.seconds, bytes: again.bytes },
      items: first.value.train.items.length + again.value.train.items.length - count,
    };
  },

  async items() {
    const { value, seconds, bytes } = await timed(() =>
      Array.from({ length: count }, (_, at) => ({
        item: { path: `train-${Math.floor(at / SHARD)}.tar/${String(at).padStart(9, "0")}.jpg`, label: at % 1000, at },
        placed: { shard: Math.floor(at / SHARD), offset: at * 110_000, size: 110_000, block: Math.floor(at / 27) },
      })),
    );
    return { seconds, bytes, items: value.length, limit: getHeapStatistics().heap_size_limit };
  },

  async typed() {
    const { value, seconds, bytes } = await timed(() => {
      const made = { shard: new Uint32Array(count), offset: new Float64Array(count), size: new Uint32Array(count) };
      const label = new Int32Array(count);
      for (let at = 0; at < count; at++) {
        made.shard[at] = Math.floor(at / SHARD);
        made.offset[at] = (at % SHARD) * 110_000;
        made.size[at] = 110_000;
        label[at] = at % 1000;
      }
      return { ...made, label };
    });
    return { seconds, bytes, items: value.label.length };
  },

  async order() {
    const { value, seconds, bytes } = await timed(() => shuffle(count, 1, 0));
    return { seconds, bytes, items: value.length };
  },

  async save() {
    const { ones, saveSafetensors, verifySafetensors } = await import("@unlabel/torch");
    const file = join(root, "checkpoint.safetensors");
    using tensor = ones([Math.round((count * 1e6) / 4)]);
    const { clock } = await timed(() => {
      saveSafetensors(file, { tensor }, {}, { checksum: true });
      verifySafetensors(file);
    });
    // A disk is waited for.
    return { seconds: clock, bytes: tensor.numel * 4, items: 1 };
  },
};

try {
  const found = await TERMS[term]!();
  process.stdout.write(`${JSON.stringify(found)}\n`);
} finally {
  rmSync(root, { recursive: true, force: true });
}
