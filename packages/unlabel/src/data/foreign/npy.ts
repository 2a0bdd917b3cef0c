// NumPy's .npy (NEP 1): one array [height, width] or [height, width, bands], read in windows.
import { visible } from "../../base/text.ts";
import type { ByteSource } from "./bytes.ts";
import { CUT_OFF } from "./bytes.ts";
import type { Raster } from "./raster.ts";
import { isKnown, type Sample, toNumbers } from "./samples.ts";

/** Of a header, whose text is a few lines. */
const MOST_HEADER = 65_536;
/** More bands than any image has: then it is the first axis that counts them. */
const MOST_BANDS = 1024;
/** Bytes read at once. */
const STRETCH = 4 << 20;

/** @throws {Error} with the reason in plain words where it is damaged, or no image */
export async function npyRaster(bytes: ByteSource): Promise<Raster> {
  const start = await bytes.read(0, 12);
  const isLong = start[6]! >= 2;
  const view = new DataView(start.buffer, start.byteOffset, 12);
  const length = isLong ? view.getUint32(8, true) : view.getUint16(8, true);
  const from = isLong ? 12 : 10;
  if (length > MOST_HEADER) throw new Error("damaged image: its header makes no sense");
  const text = Buffer.from(await bytes.read(from, length)).toString("latin1");
  const type = /['"]descr['"]\s*:\s*['"]([^'"]+)['"]/.exec(text)?.[1];
  const shapeText = /['"]shape['"]\s*:\s*\(([^)]*)\)/.exec(text)?.[1];
  if (type === undefined || shapeText === undefined) throw new Error("damaged image: its header makes no sense");
  const byColumns = /['"]fortran_order['"]\s*:\s*True/.test(text);
  const stored = sampleOf(type);
  if (!stored)
    throw new Error(
      `its array is of type ${visible(type.slice(0, 20))}; whole numbers and floats are read: np.save(file, array.astype(np.float32))`,
    );
  // A truth takes a byte, of which 1 is the most.
  const sample: Sample = /^[<>|=]?b/.test(type) ? { kind: "uint", bits: 1 } : stored;
  const shape = shapeText
    .split(",")
    .flatMap((part) => (part.trim() === "" ? [] : [Number(part.trim().replace(/L$/, ""))]));
  const words = `[${shape.join(", ")}]`;
  if (shape.some((side) => !Number.isInteger(side) || side < 0))
    throw new Error("damaged image: its header makes no sense");
  if (shape.length < 2 || shape.length > 3 || shape.includes(0))
    throw new Error(`its array has the shape ${words}; an image is [height, width] or [height, width, bands]`);
  const [height = 0, width = 0, bands = 1] = shape;
  if (bands > MOST_BANDS || (bands > 16 && height <= 16 && width > 16))
    throw new Error(`its array has the shape ${words}; bands come last: np.save(file, np.moveaxis(array, 0, -1))`);
  const each = stored.bits / 8;
  const at = from + length;
  if (at + height * width * bands * each > bytes.size) throw new Error(CUT_OFF);
  const little = type[0] !== ">";
  return {
    format: ".npy",
    width,
    height,
    orientation: 1,
    bands,
    colour: bands === 1 ? "gray" : bands === 3 && sample.kind === "uint" && sample.bits <= 16 ? "rgb" : "none",
    opacity: null,
    premultiplied: false,
    sample,
    inverted: false,
    nodata: null,
    pages: false,
    bytes: (window) => 3 * (STRETCH + Math.max(width * bands, window.height) * each),
    waste: () => 1,
    read: async (window, wanted, put) => {
      const { x, y, width: across, height: down } = window;
      if (!byColumns) {
        // Long rows one by one, and of them the columns; short ones several at once.
        const rowBytes = width * bands * each;
        const isLong = rowBytes > 65_536 && across * 2 < width;
        const step = isLong ? 1 : Math.max(1, Math.floor(STRETCH / rowBytes));
        for (let row = 0; row < down; row += step) {
          const rows = Math.min(step, down - row);
          const place = at + (y + row) * rowBytes + (isLong ? x * bands * each : 0);
          const part = await bytes.read(place, isLong ? across * bands * each : rows * rowBytes);
          const samples = toNumbers(part, stored, little);
          for (const [channel, band] of wanted.entries())
            put({
              channel,
              x: 0,
              y: row,
              width: across,
              height: rows,
              samples,
              start: (isLong ? 0 : x * bands) + band,
              pixelStep: bands,
              rowStep: width * bands,
            });
        }
        return;
      }
      // Column by column, band by band.
      const columns = Math.max(1, Math.floor(STRETCH / (height * each)));
      for (const [channel, band] of wanted.entries())
        for (let column = 0; column < across; column += columns) {
          const some = Math.min(columns, across - column);
          const first = (band * width + x + column) * height + y;
          const part = await bytes.read(at + first * each, ((some - 1) * height + down) * each);
          const samples = toNumbers(part, stored, little);
          put({
            channel,
            x: column,
            y: 0,
            width: some,
            height: down,
            samples,
            start: 0,
            pixelStep: height,
            rowStep: 1,
          });
        }
    },
  };
}

/** How a type is stored, by NumPy's name of it: byte order, kind, bytes. */
function sampleOf(type: string): Sample | null {
  const [, letter, size] = /^[<>|=]?([uifb])(\d+)$/.exec(type) ?? [];
  if (!letter) return null;
  if (letter === "b") return { kind: "uint", bits: 8 };
  const sample: Sample = { kind: letter === "u" ? "uint" : letter === "i" ? "int" : "float", bits: 8 * Number(size) };
  return sample.bits >= 8 && isKnown(sample) ? sample : null;
}
