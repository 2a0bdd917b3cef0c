// Netpbm's formats: bits, gray and colours, as text (P1 … P3) or bytes (P4 … P6), up to 16 bits.
import { type ByteSource, CUT_OFF, headOf } from "./bytes.ts";
import type { Raster } from "./raster.ts";
import type { Samples } from "./samples.ts";
import { toNumbers, unpackBits } from "./samples.ts";

/** Of a header, comments included. */
const MOST_HEADER = 65_536;
const STRETCH = 4 << 20;
/** Of text, whose samples do not lie at known places, so that all of it is read. */
const MOST_TEXT = 100e6;
const SENSELESS = "damaged image: its header makes no sense";

/** @throws {Error} with the reason in plain words where it is damaged */
export async function pnmRaster(bytes: ByteSource): Promise<Raster> {
  const head = await headOf(bytes, MOST_HEADER);
  const kind = head[1]! - 48;
  const isBits = kind === 1 || kind === 4;
  const isText = kind <= 3;
  const { numbers, end } = headerNumbers(head, isBits ? 2 : 3);
  const [width, height, most = 1] = numbers as [number, number, number?];
  if (!(width >= 1 && height >= 1 && most >= 1 && most <= 65_535)) throw new Error(SENSELESS);
  const bands = kind === 3 || kind === 6 ? 3 : 1;
  const each = isBits ? 1 / 8 : most > 255 ? 2 : 1;
  const rowBytes = isBits ? Math.ceil(width / 8) : width * bands * each;
  if (isText ? bytes.size > MOST_TEXT : end + rowBytes * height > bytes.size)
    throw new Error(isText ? "it is text of more than 100 MB; write it as bytes: pnmtopnm IN.pnm > OUT.pnm" : CUT_OFF);
  const bits = isBits ? 1 : most > 255 ? 16 : 8;
  // Samples count from 0 to a number of the file's own: spread over the type's range, as others do.
  const type = 2 ** bits - 1;
  const spread = (samples: Samples): Samples =>
    most === type ? samples : samples.map((value) => Math.round((Math.min(value, most) * type) / most));
  return {
    format: "PNM",
    width,
    height,
    orientation: 1,
    bands,
    colour: bands === 3 ? "rgb" : "gray",
    opacity: null,
    premultiplied: false,
    sample: { kind: "uint", bits },
    // 1 is black.
    inverted: isBits,
    nodata: null,
    pages: false,
    bytes: (window) =>
      isText
        ? bytes.size + 2 * width * height * bands
        : (isBits ? 11 : 4) * Math.min(rowBytes * window.height, STRETCH + rowBytes),
    waste: () => (isText ? Number.POSITIVE_INFINITY : 1),
    read: async (window, wanted, put) => {
      const { x, y, width: across, height: down } = window;
      const give = (samples: Samples, row: number, rows: number, start: number) => {
        for (const [channel, band] of wanted.entries())
          put({
            channel,
            x: 0,
            y: row,
            width: across,
            height: rows,
            samples,
            start: start + x * bands + band,
            pixelStep: bands,
            rowStep: width * bands,
          });
      };
      if (isText) {
        const samples = textSamples(await bytes.read(end, bytes.size - end), width * height * bands, isBits);
        give(spread(samples), 0, down, y * width * bands);
        return;
      }
      const step = Math.max(1, Math.floor(STRETCH / rowBytes));
      for (let row = 0; row < down; row += step) {
        const rows = Math.min(step, down - row);
        const part = await bytes.read(end + (y + row) * rowBytes, rows * rowBytes);
        const samples = isBits
          ? unpackBits(part, 1, width, rows)
          : spread(toNumbers(part, { kind: "uint", bits }, false));
        give(samples, row, rows, 0);
      }
    },
  };
}

/** The numbers of a header, between which comments may stand, and where the samples begin. */
function headerNumbers(head: Uint8Array, count: number): { numbers: number[]; end: number } {
  const numbers: number[] = [];
  let at = 2;
  while (numbers.length < count) {
    while (at < head.length && (isSpace(head[at]!) || head[at] === 0x23)) {
      if (head[at] === 0x23) while (at < head.length && head[at] !== 0x0a) at++;
      else at++;
    }
    let [value, digits] = [0, 0];
    for (; at < head.length && isDigit(head[at]!) && digits < 7; at++, digits++) value = value * 10 + head[at]! - 48;
    if (digits === 0 || at >= head.length) throw new Error(SENSELESS);
    numbers.push(value);
  }
  // One white space, then the samples.
  return { numbers, end: at + 1 };
}

function textSamples(text: Uint8Array, count: number, isBits: boolean): Uint16Array {
  const out = new Uint16Array(count);
  let to = 0;
  for (let at = 0; at < text.length && to < count; ) {
    const byte = text[at]!;
    if (byte === 0x23) while (at < text.length && text[at] !== 0x0a) at++;
    else if (!isDigit(byte)) {
      if (!isSpace(byte)) throw new Error(CUT_OFF);
      at++;
    } else if (isBits) {
      // Bits may stand side by side.
      out[to++] = byte - 48;
      at++;
    } else {
      let value = 0;
      for (; at < text.length && isDigit(text[at]!); at++) value = Math.min(65_535, value * 10 + text[at]! - 48);
      out[to++] = value;
    }
  }
  if (to < count) throw new Error(CUT_OFF);
  return out;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}
