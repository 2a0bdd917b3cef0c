// Sound TIFFs of many bands and types, arrays and bitmaps, and what damages a TIFF in particular: its directory.
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import type { Rng } from "../../base/rng.ts";
import { CHANGES, type Change } from "./mutants.ts";
import type { Seed } from "./seeds.ts";

const FIXTURES = join(import.meta.dirname, "..", "..", "..", "..", "..", "fixtures", "decode");

/** The files of fixtures/decode.py. */
export function rasterSeeds(): Seed[] {
  return readdirSync(FIXTURES)
    .sort()
    .map((name) => ({ name, extension: extname(name).slice(1), bytes: readFileSync(join(FIXTURES, name)) }));
}

/** Values that lie at the edges of what fits. */
const EDGES = [
  0, 1, 2, 7, 255, 256, 32_767, 32_768, 65_535, 65_536, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff,
];

/** A TIFF's first directory; null for other files. */
function directoryOf(bytes: Buffer) {
  const start = bytes.toString("latin1", 0, 2);
  if ((start !== "II" && start !== "MM") || bytes.length < 16) return null;
  const little = start === "II";
  const u16 = (at: number) => (little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));
  const u32 = (at: number) => (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const big = u16(2) === 43;
  // The fixtures are small: the lower half of a 64-bit place is all of it.
  const low = (at: number) => u32(big && !little ? at + 4 : at);
  const at = big ? low(8) : u32(4);
  const set = (value: number, size: number, place: number) => {
    const short = size === 2 ? value & 0xffff : value >>> 0;
    if (place + size > bytes.length) return;
    if (size === 2) little ? bytes.writeUInt16LE(short, place) : bytes.writeUInt16BE(short, place);
    else little ? bytes.writeUInt32LE(short, place) : bytes.writeUInt32BE(short, place);
  };
  const entries = big ? low(at) : u16(at);
  const [from, each] = big ? [at + 8, 20] : [at + 2, 12];
  return { at, big, little, entries, from, each, u16, set, tail: from + entries * each };
}

/** Does something to an entry of a TIFF's directory; flips bits of other files. */
function inDirectory(
  change: (entry: number, rng: Rng, directory: NonNullable<ReturnType<typeof directoryOf>>) => void,
): Change {
  return (bytes, rng, seeds) => {
    const directory = directoryOf(bytes);
    if (!directory) return CHANGES["header flipped"]!(bytes, rng, seeds);
    for (let n = 1 + rng.below(3); n > 0; n--)
      change(directory.from + directory.each * rng.below(directory.entries), rng, directory);
    return bytes;
  };
}

const edge = (rng: Rng) => EDGES[rng.below(EDGES.length)]!;

/** Tags that say how much there is, and how it is laid out. */
const SIZES = [256, 257, 258, 277, 278, 284, 317, 322, 323, 259, 262, 338, 339];

/** All damage, and damage to directories. */
export const RASTER_CHANGES: Record<string, Change> = {
  ...CHANGES,
  "value at an edge": inDirectory((entry, rng, { set, big }) => set(edge(rng), 4, entry + (big ? 12 : 8))),
  "count at an edge": inDirectory((entry, rng, { set }) => set(edge(rng), 4, entry + 4)),
  "type changed": inDirectory((entry, rng, { set }) => set(rng.below(20), 2, entry + 2)),
  "tag changed": inDirectory((entry, rng, { set }) => set(SIZES[rng.below(SIZES.length)]!, 2, entry)),
  "layout changed": (bytes, rng, seeds) => {
    const directory = directoryOf(bytes);
    if (!directory) return CHANGES["header flipped"]!(bytes, rng, seeds);
    const { from, each, entries, u16, set, big } = directory;
    for (let i = 0; i < entries; i++) {
      const entry = from + i * each;
      if (SIZES.includes(u16(entry)) && rng.chance(0.4))
        set(rng.chance(0.5) ? edge(rng) : 1 + rng.below(64), 4, entry + (big ? 12 : 8));
    }
    return bytes;
  },
  "directory loops": (bytes, rng, seeds) => {
    const directory = directoryOf(bytes);
    if (!directory) return CHANGES.truncated!(bytes, rng, seeds);
    const { tail, at, set, big, little } = directory;
    set(rng.chance(0.5) ? at : edge(rng), 4, big && !little ? tail + 4 : tail);
    return bytes;
  },
};
