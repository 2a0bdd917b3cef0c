// How the blocks of a TIFF are packed. Each decoder writes into as many bytes as the block has, so that no stream of a few bytes
// can claim more.
import { promisify } from "node:util";
import { inflate } from "node:zlib";
import { CUT_OFF } from "./bytes.ts";

const inflateAsync = promisify(inflate);

/** TIFF's numbers for the packings that are read here. */
export const NO_PACKING = 1;
const NAMES: Record<number, string> = {
  [NO_PACKING]: "none",
  5: "LZW",
  8: "deflate",
  32946: "deflate",
  32773: "PackBits",
  50000: "Zstandard",
};

/** Whether a packing is read here. */
export function isPacking(compression: number): boolean {
  return compression in NAMES;
}

/**
 * The `length` bytes of a block.
 *
 * @throws {Error} where it holds fewer, or makes no sense
 */
export async function unpack(
  compression: number,
  packed: Uint8Array,
  length: number,
  most: number,
): Promise<Uint8Array> {
  const bytes = await unpacked(compression, packed, length, most);
  if (bytes.length < length) throw new Error(CUT_OFF);
  return bytes.length === length ? bytes : bytes.subarray(0, length);
}

async function unpacked(compression: number, packed: Uint8Array, length: number, most: number): Promise<Uint8Array> {
  switch (compression) {
    case NO_PACKING:
      return packed;
    case 5:
      return lzw(packed, length);
    case 32_773:
      return packBits(packed, length);
    case 50_000: {
      const { decompress } = await import("fzstd");
      try {
        return decompress(packed, new Uint8Array(most));
      } catch (error) {
        throw new Error(CUT_OFF, { cause: error });
      }
    }
    default:
      try {
        // The last strip may hold rows that the image no longer has.
        return await inflateAsync(packed, { maxOutputLength: most });
      } catch (error) {
        throw new Error(CUT_OFF, { cause: error });
      }
  }
}

/** TIFF 6.0, section 9: runs and literals. */
function packBits(packed: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  let to = 0;
  for (let at = 0; at < packed.length && to < length; ) {
    const code = packed[at++]!;
    if (code < 128) {
      const part = packed.subarray(at, Math.min(at + code + 1, at + length - to));
      out.set(part, to);
      to += part.length;
      at += code + 1;
    } else if (code > 128) {
      const run = Math.min(257 - code, length - to);
      if (at < packed.length) out.fill(packed[at]!, to, to + run);
      else break;
      to += run;
      at++;
    }
  }
  return out.subarray(0, to);
}

const CLEAR = 256;
const END = 257;

/** TIFF 6.0, section 13: codes of 9 to 12 bits, the highest bit first, that grow one code early. */
function lzw(packed: Uint8Array, length: number): Uint8Array {
  // Before TIFF 6.0 the lowest bit came first; such streams begin with a clear code that reads otherwise.
  if (packed[0] === 0 && (packed[1]! & 1) === 1)
    throw new Error("its LZW is of the kind before TIFF 6.0; write it anew: tiffcp -c lzw IN.tif OUT.tif");
  const out = new Uint8Array(length);
  // A code stands for bytes that lie in the output already: where, and how many.
  const starts = new Uint32Array(4097);
  const lengths = new Uint16Array(4097);
  let [next, width, held, have, at, to] = [258, 9, 0, 0, 0, 0];
  /** Where the bytes of the code before lie; none behind a clear code. */
  let [before, beforeLength] = [0, 0];
  while (to < length) {
    while (have < width) {
      if (at >= packed.length) return out.subarray(0, to);
      held = ((held << 8) | packed[at++]!) & 0xff_ffff;
      have += 8;
    }
    have -= width;
    const code = (held >> have) & ((1 << width) - 1);
    if (code === END) break;
    if (code === CLEAR) {
      [next, width, beforeLength] = [258, 9, 0];
      continue;
    }
    if (beforeLength > 0 && next < 4096) {
      // The string before and the first byte of this one, which comes right behind it.
      starts[next] = before;
      lengths[next] = beforeLength + 1;
      next++;
    }
    const from = to;
    if (code < 256) out[to++] = code;
    else {
      if (code >= next) throw new Error(CUT_OFF);
      const end = Math.min(length, to + lengths[code]!);
      for (let source = starts[code]!; to < end; ) out[to++] = out[source++]!;
    }
    [before, beforeLength] = [from, to - from];
    if (next >= (1 << width) - 1 && width < 12) width++;
  }
  return out.subarray(0, to);
}
