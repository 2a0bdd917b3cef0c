// Damaged images, each a function of a seed number and its own: what disks, networks, careless tools and attackers leave behind.
import { Rng } from "../../base/rng.ts";
import type { Seed } from "./seeds.ts";

export interface Mutant {
  /** File name, with an extension that may be wrong. */
  name: string;
  /** The seed's name, and what was done to it. */
  from: string;
  how: string;
  bytes: Buffer;
}

/** What damage does to a file. */
export type Change = (bytes: Buffer, rng: Rng, seeds: readonly Seed[]) => Buffer;

/** Damage by name. */
export const CHANGES: Record<string, Change> = {
  truncated: (bytes, rng) => bytes.subarray(0, rng.below(bytes.length)),
  "end cut": (bytes, rng) => bytes.subarray(0, bytes.length - 1 - rng.below(16)),
  "bits flipped": (bytes, rng) => flip(bytes, rng, 0, bytes.length),
  "header flipped": (bytes, rng) => flip(bytes, rng, 0, Math.min(700, bytes.length)),
  "bytes replaced": (bytes, rng) => {
    const { at, length } = stretch(bytes, rng);
    noise(length, rng).copy(bytes, at);
    return bytes;
  },
  "zeros within": (bytes, rng) => {
    const { at, length } = stretch(bytes, rng);
    return bytes.fill(0, at, at + length);
  },
  "stretch lost": (bytes, rng) => {
    const { at, length } = stretch(bytes, rng);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
  },
  "stretch twice": (bytes, rng) => {
    const { at, length } = stretch(bytes, rng);
    return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
  },
  "noise inserted": (bytes, rng) => insert(bytes, rng.below(bytes.length), noise(1 + rng.below(300), rng)),
  "garbage segment": (bytes, rng) => {
    const body = noise(rng.below(400), rng);
    // Any marker, and a length that may lie.
    const length = rng.chance(0.5) ? body.length + 2 : rng.below(65_536);
    const head = Buffer.from([0xff, 0xc0 + rng.below(64), length >> 8, length & 255]);
    return insert(bytes, rng.chance(0.7) ? 2 : rng.below(bytes.length), Buffer.concat([head, body]));
  },
  "EXIF damaged": (bytes, rng) => insert(bytes, 2, exif(rng)),
  "size claimed": (bytes, rng) =>
    claim(bytes, rng.chance(0.5) ? 60_000 : 1 + rng.below(65_535), rng.chance(0.5) ? 60_000 : 1 + rng.below(65_535)),
  "two joined": (bytes, rng, seeds) => {
    const other = seeds[rng.below(seeds.length)]!.bytes;
    return Buffer.concat([bytes.subarray(0, rng.below(bytes.length)), other.subarray(rng.below(other.length))]);
  },
  "edge values": (bytes, rng) => {
    for (let n = 1 + rng.below(4); n > 0; n--) {
      const value = [0, 1, 0x7f, 0x80, 0xff][rng.below(5)]!;
      const at = rng.below(Math.min(bytes.length, rng.chance(0.6) ? 700 : bytes.length));
      bytes.fill(value, at, Math.min(bytes.length, at + [1, 2, 4][rng.below(3)]!));
    }
    return bytes;
  },
  "scans repeated": (bytes, rng) => {
    const scan = bytes.lastIndexOf(Buffer.from([0xff, 0xda]));
    if (scan < 0) return flip(bytes, rng, 0, bytes.length);
    const part = bytes.subarray(scan, bytes.length - 2);
    const copies = Array.from({ length: 1 + rng.below(300) }, () => part.subarray(0, 40 + rng.below(40)));
    return Buffer.concat([bytes.subarray(0, bytes.length - 2), ...copies, bytes.subarray(bytes.length - 2)]);
  },
  empty: () => Buffer.alloc(0),
  "all zeros": (bytes) => bytes.fill(0),
  "all noise": (bytes, rng) => noise(bytes.length, rng),
  "text behind its magic": (bytes) => Buffer.concat([bytes.subarray(0, 12), Buffer.from("<html>404 Not Found</html>")]),
  "only renamed": (bytes) => bytes,
};

const EXTENSIONS = ["jpg", "png", "webp", "gif", "tif", "avif"];

/** Mutant `index` of a family: the same for the same seeds. */
export function mutant(seeds: readonly Seed[], family: number, index: number, changes = CHANGES): Mutant {
  const names = Object.keys(changes);
  const rng = new Rng(family, "mutant", 0, index);
  const seed = seeds[index % seeds.length]!;
  const how = names[Math.floor(index / seeds.length) % names.length]!;
  const renamed = how === "only renamed" || rng.chance(0.1);
  const extension = renamed ? EXTENSIONS[rng.below(EXTENSIONS.length)]! : seed.extension;
  return {
    name: `${String(index).padStart(5, "0")}.${extension}`,
    from: seed.name,
    how,
    bytes: changes[how]!(Buffer.from(seed.bytes), rng, seeds),
  };
}

function stretch(bytes: Buffer, rng: Rng): { at: number; length: number } {
  const at = rng.below(bytes.length);
  return { at, length: Math.min(bytes.length - at, 1 + rng.below(rng.chance(0.5) ? 8 : 500)) };
}

function flip(bytes: Buffer, rng: Rng, from: number, to: number): Buffer {
  for (let n = 1 + rng.below(rng.chance(0.5) ? 4 : 60); n > 0; n--)
    bytes[from + rng.below(to - from)]! ^= 1 << rng.below(8);
  return bytes;
}

function noise(length: number, rng: Rng): Buffer {
  return Buffer.from(Uint8Array.from({ length }, () => rng.bits() & 255));
}

function insert(bytes: Buffer, at: number, part: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at)]);
}

/** An APP1 segment whose TIFF structure is sound up to one or more random fields. */
function exif(rng: Rng): Buffer {
  const little = rng.chance(0.5);
  const entries = rng.chance(0.5) ? 1 + rng.below(3) : rng.below(65_536);
  const tiff = Buffer.alloc(8 + 2 + 12 * 3 + 4);
  const u16 = (value: number, at: number) =>
    little ? tiff.writeUInt16LE(value & 0xffff, at) : tiff.writeUInt16BE(value & 0xffff, at);
  const u32 = (value: number, at: number) =>
    little ? tiff.writeUInt32LE(value >>> 0, at) : tiff.writeUInt32BE(value >>> 0, at);
  tiff.write(little ? "II" : "MM", 0, "latin1");
  u16(rng.chance(0.9) ? 42 : rng.bits(), 2);
  u32(rng.chance(0.7) ? 8 : rng.bits(), 4);
  u16(entries, 8);
  for (let i = 0; i < 3; i++) {
    const at = 10 + 12 * i;
    u16(rng.chance(0.7) ? 0x0112 : rng.bits(), at);
    u16(rng.chance(0.8) ? 3 : rng.bits(), at + 2);
    u32(rng.chance(0.8) ? 1 : rng.bits(), at + 4);
    u16(rng.chance(0.8) ? 1 + rng.below(8) : rng.bits(), at + 8);
  }
  const whole = Buffer.concat([
    Buffer.from("Exif\0\0", "latin1"),
    rng.chance(0.7) ? tiff : tiff.subarray(0, rng.below(tiff.length)),
  ]);
  const length = rng.chance(0.9) ? whole.length + 2 : rng.below(65_536);
  return Buffer.concat([Buffer.from([0xff, 0xe1, length >> 8, length & 255]), whole]);
}

/** Writes other dimensions where the format keeps them. */
function claim(bytes: Buffer, width: number, height: number): Buffer {
  if (bytes.readUInt16BE(0) === 0xffd8) {
    for (let at = 2; at + 9 < bytes.length && bytes[at] === 0xff; at += 2 + bytes.readUInt16BE(at + 2)) {
      const marker = bytes[at + 1]!;
      if (marker < 0xc0 || marker > 0xcf || [0xc4, 0xc8, 0xcc].includes(marker)) continue;
      bytes.writeUInt16BE(height, at + 5);
      bytes.writeUInt16BE(width, at + 7);
      break;
    }
  } else if (bytes.toString("latin1", 1, 4) === "PNG") {
    bytes.writeUInt32BE(width, 16);
    bytes.writeUInt32BE(height, 20);
  } else if (bytes.toString("latin1", 0, 3) === "GIF") {
    bytes.writeUInt16LE(width, 6);
    bytes.writeUInt16LE(height, 8);
  } else if (bytes.toString("latin1", 8, 16) === "WEBPVP8X") {
    bytes.writeUIntLE(width - 1, 24, 3);
    bytes.writeUIntLE(height - 1, 27, 3);
  } else if (bytes.toString("latin1", 12, 16) === "VP8 ") {
    bytes.writeUInt16LE(width & 0x3fff, 26);
    bytes.writeUInt16LE(height & 0x3fff, 28);
  } else if (/^(II\*\0|MM\0\*)$/.test(bytes.toString("latin1", 0, 4))) {
    const little = bytes[0] === 0x49;
    const u16 = (at: number) => (little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));
    const directory = little ? bytes.readUInt32LE(4) : bytes.readUInt32BE(4);
    for (let i = 0; i < u16(directory); i++) {
      const at = directory + 2 + 12 * i;
      const value = u16(at) === 0x100 ? width : u16(at) === 0x101 ? height : null;
      // Both as LONG, little or big as the file is.
      if (value === null) continue;
      if (little) {
        bytes.writeUInt16LE(4, at + 2);
        bytes.writeUInt32LE(value, at + 8);
      } else {
        bytes.writeUInt16BE(4, at + 2);
        bytes.writeUInt32BE(value, at + 8);
      }
    }
  }
  return bytes;
}
