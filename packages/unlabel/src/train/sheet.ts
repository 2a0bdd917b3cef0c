// A sheet of small square pictures in one JPEG, row by row.
import sharp from "sharp";

/** Pictures in a row. */
export const SHEET_COLUMNS = 8;
/** What a sheet may weigh in bytes. */
const MOST = 200_000;

/** Square pixels, of which each sheet's tile is made. */
export interface Square {
  /** Interleaved bytes. */
  pixels: Uint8Array;
  /** In pixels. */
  width: number;
  height: number;
  channels: 1 | 3;
}

/** See the head of this file. */
export class Sheet {
  /** Edge of a picture in pixels. */
  readonly tile: number;
  readonly #tiles: Uint8Array[] = [];

  constructor(tile: number) {
    this.tile = tile;
  }

  /** Adds a picture, fitted to a tile, and returns its number: pixels are averaged where there are more, repeated where there are fewer. */
  add({ pixels, width, height, channels }: Square): number {
    const { tile } = this;
    const out = new Uint8Array(tile * tile * 3);
    const span = (at: number, size: number): [number, number] => {
      const from = Math.floor((at * size) / tile);
      return [from, Math.max(from + 1, Math.floor(((at + 1) * size) / tile))];
    };
    for (let y = 0; y < tile; y++) {
      const [top, bottom] = span(y, height);
      for (let x = 0; x < tile; x++) {
        const [left, right] = span(x, width);
        for (let c = 0; c < 3; c++) {
          let sum = 0;
          for (let v = top; v < bottom; v++) {
            for (let u = left; u < right; u++) sum += pixels[(v * width + u) * channels + (channels === 3 ? c : 0)]!;
          }
          out[(y * tile + x) * 3 + c] = Math.round(sum / ((bottom - top) * (right - left)));
        }
      }
    }
    return this.#tiles.push(out) - 1;
  }

  /** A JPEG of all of them. */
  async encode(): Promise<Uint8Array> {
    const { tile } = this;
    const columns = SHEET_COLUMNS;
    const rows = Math.max(1, Math.ceil(this.#tiles.length / columns));
    const [width, height] = [columns * tile, rows * tile];
    const pixels = new Uint8Array(width * height * 3).fill(255);
    for (const [at, one] of this.#tiles.entries()) {
      const [left, top] = [(at % columns) * tile, Math.floor(at / columns) * tile];
      for (let y = 0; y < tile; y++) {
        pixels.set(one.subarray(3 * y * tile, 3 * (y + 1) * tile), 3 * ((top + y) * width + left));
      }
    }
    const image = sharp(pixels, { raw: { width, height, channels: 3 } });
    for (let quality = 84; ; quality -= 14) {
      const jpeg = await image.clone().jpeg({ quality, chromaSubsampling: "4:4:4" }).toBuffer();
      if (jpeg.length <= MOST || quality <= 28) return jpeg;
    }
  }
}
