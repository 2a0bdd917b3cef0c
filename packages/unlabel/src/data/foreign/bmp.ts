// Windows bitmaps of every kind in use: palettes of 1, 4 and 8 bits, 16, 24 and 32 bits with or without masks, runs, either way up.
import { type ByteSource, CUT_OFF, headOf } from "./bytes.ts";
import type { Raster } from "./raster.ts";

const SENSELESS = "damaged image: its header makes no sense";
const [PLAIN, RUNS_OF_8, RUNS_OF_4, MASKS, MASKS_WITH_ALPHA] = [0, 1, 2, 3, 6];

interface Header {
  width: number;
  height: number;
  /** Whether the first row is the upper one. */
  fromTop: boolean;
  bits: number;
  packing: number;
  /** Where the rows begin. */
  at: number;
  /** Red, green, blue, by index. */
  palette: Uint8Array;
  /** Of red, green, blue and opacity in a pixel of 16 or 32 bits. */
  masks: [number, number, number, number];
}

/** @throws {Error} with the reason in plain words where it is damaged, or of a kind that is not read */
export async function bmpRaster(bytes: ByteSource): Promise<Raster> {
  const head = await headOf(bytes, 54 + 84 + 1024 + 12);
  const header = readHeader(head);
  const { width, height, bits, packing } = header;
  const rowBytes = Math.ceil((width * bits) / 32) * 4;
  const isPacked = packing === RUNS_OF_8 || packing === RUNS_OF_4;
  if (!isPacked && header.at + rowBytes * (height - 1) + Math.ceil((width * bits) / 8) > bytes.size)
    throw new Error(CUT_OFF);
  const hasAlpha = header.masks[3] !== 0;
  const bands = hasAlpha ? 4 : 3;
  return {
    format: "BMP",
    width,
    height,
    orientation: 1,
    bands,
    colour: "rgb",
    opacity: hasAlpha ? 3 : null,
    premultiplied: false,
    sample: { kind: "uint", bits: 8 },
    inverted: false,
    nodata: null,
    pages: false,
    bytes: (window) =>
      (isPacked ? bytes.size - header.at + width * height : 0) +
      (rowBytes + width * bands) * Math.min(window.height, ROWS),
    waste: (window) => (isPacked ? (width * height) / (window.width * window.height) : 1),
    read: async (window, wanted, put) => {
      const indices = isPacked ? unrun(await bytes.read(header.at, bytes.size - header.at), header) : null;
      for (let row = 0; row < window.height; row += ROWS) {
        const rows = Math.min(ROWS, window.height - row);
        const samples = new Uint8Array(width * bands * rows);
        // Rows lie side by side in the file, from the bottom mostly.
        const first = header.fromTop ? window.y + row : height - window.y - row - rows;
        const start = header.at + first * rowBytes;
        const stored = indices ?? (await bytes.read(start, Math.min(rows * rowBytes, bytes.size - start)));
        for (let y = 0; y < rows; y++) {
          const line = header.fromTop ? y : rows - 1 - y;
          const from = indices ? (first + line) * width : line * rowBytes;
          readRow(stored, from, header, indices !== null, samples, y * width * bands, bands);
        }
        for (const [channel, band] of wanted.entries())
          put({
            channel,
            x: 0,
            y: row,
            width: window.width,
            height: rows,
            samples,
            start: window.x * bands + band,
            pixelStep: bands,
            rowStep: width * bands,
          });
      }
    },
  };
}

/** Rows read at once. */
const ROWS = 64;

function readHeader(head: Uint8Array): Header {
  if (head.length < 26) throw new Error(CUT_OFF);
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const u16 = (at: number) => (at + 2 <= head.length ? view.getUint16(at, true) : 0);
  const u32 = (at: number) => (at + 4 <= head.length ? view.getUint32(at, true) : 0);
  const size = u32(14);
  // OS/2's first header has sides of 16 bits.
  const isOld = size === 12;
  if (!isOld && (size < 40 || size > 124)) throw new Error(SENSELESS);
  const width = isOld ? u16(18) : view.getInt32(18, true);
  const tall = isOld ? u16(20) : view.getInt32(22, true);
  const bits = u16(isOld ? 24 : 28);
  const packing = isOld ? PLAIN : u32(30);
  if (width < 1 || tall === 0 || tall === -(2 ** 31)) throw new Error(SENSELESS);
  const known =
    (packing === PLAIN && [1, 4, 8, 16, 24, 32].includes(bits)) ||
    ((packing === MASKS || packing === MASKS_WITH_ALPHA) && (bits === 16 || bits === 32)) ||
    (packing === RUNS_OF_8 && bits === 8) ||
    (packing === RUNS_OF_4 && bits === 4);
  if (!known)
    throw new Error(
      `it is a BMP of ${bits} bits packed in way ${packing}, which is not read; convert it: magick IN.bmp OUT.png`,
    );

  let masks: Header["masks"] = bits === 16 ? [0x7c00, 0x03e0, 0x001f, 0] : [0xff0000, 0xff00, 0xff, 0];
  if (packing === MASKS || packing === MASKS_WITH_ALPHA)
    masks = [u32(54), u32(58), u32(62), size >= 56 || packing === MASKS_WITH_ALPHA ? u32(66) : 0];
  const paletteAt = 14 + size + (packing === MASKS && size === 40 ? 12 : 0);
  const entry = isOld ? 3 : 4;
  const colours = bits <= 8 ? Math.min(2 ** bits, (isOld ? 0 : u32(46)) || 2 ** bits) : 0;
  const palette = new Uint8Array(bits <= 8 ? 3 * 2 ** bits : 0);
  for (let i = 0; i < colours && paletteAt + i * entry + 3 <= head.length; i++)
    for (let k = 0; k < 3; k++) palette[3 * i + k] = head[paletteAt + i * entry + 2 - k]!;
  return { width, height: Math.abs(tall), fromTop: tall < 0, bits, packing, at: u32(10), palette, masks };
}

/** A row to samples. */
function readRow(
  stored: Uint8Array,
  from: number,
  header: Header,
  isIndexed: boolean,
  out: Uint8Array,
  to: number,
  bands: number,
): void {
  const { width, bits, palette, masks } = header;
  if (bits <= 8) {
    for (let x = 0; x < width; x++, to += bands) {
      let index = 0;
      if (isIndexed) index = stored[from + x]!;
      else {
        const bit = x * bits;
        index = (stored[from + (bit >> 3)]! >> (8 - bits - (bit & 7))) & (2 ** bits - 1);
      }
      for (let k = 0; k < 3; k++) out[to + k] = palette[3 * index + k]!;
    }
  } else if (bits === 24) {
    for (let x = 0; x < width; x++, to += bands, from += 3)
      for (let k = 0; k < 3; k++) out[to + k] = stored[from + 2 - k]!;
  } else {
    const parts = masks.slice(0, bands).map((mask) => {
      const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
      return { mask, shift, most: mask >>> shift || 1 };
    });
    for (let x = 0; x < width; x++, to += bands, from += bits / 8) {
      const pixel =
        bits === 16
          ? stored[from]! | (stored[from + 1]! << 8)
          : (stored[from]! | (stored[from + 1]! << 8) | (stored[from + 2]! << 16) | (stored[from + 3]! << 24)) >>> 0;
      for (let k = 0; k < bands; k++) {
        const { mask, shift, most } = parts[k]!;
        out[to + k] = Math.round((((pixel & mask) >>> shift) * 255) / most);
      }
    }
  }
}

/** Runs of indices and leaps over them, to rows from the bottom. */
function unrun(packed: Uint8Array, { width, height, packing, fromTop }: Header): Uint8Array {
  if (fromTop) throw new Error(SENSELESS);
  const out = new Uint8Array(width * height);
  const half = packing === RUNS_OF_4;
  let [x, y] = [0, 0];
  const set = (value: number) => {
    if (x < width && y < height) out[y * width + x] = value;
    x++;
  };
  const nibble = (byte: number, k: number) => (half ? (k % 2 === 0 ? byte >> 4 : byte & 15) : byte);
  for (let at = 0; at + 1 < packed.length; ) {
    const [count, value] = [packed[at++]!, packed[at++]!];
    if (count > 0) for (let k = 0; k < count; k++) set(nibble(value, k));
    else if (value === 0) {
      x = 0;
      y++;
    } else if (value === 1) return out;
    else if (value === 2) {
      x += packed[at++] ?? 0;
      y += packed[at++] ?? 0;
    } else {
      const size = half ? Math.ceil(value / 2) : value;
      if (at + size > packed.length) break;
      for (let k = 0; k < value; k++) set(nibble(packed[at + (half ? k >> 1 : k)]!, k));
      at += size + (size & 1);
    }
    // All that comes behind the last row is nothing.
    if (y >= height) return out;
  }
  throw new Error(CUT_OFF);
}
