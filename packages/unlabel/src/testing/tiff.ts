// TIFFs for tests, as plain as can be: one strip, little-endian, unpacked, with whatever tags a test is about.

/** What a TIFF is to hold. */
export interface TiffOptions {
  width: number;
  height: number;
  bands: number;
  /** Row by row, bands side by side. */
  data: Uint8Array | Uint16Array | Float32Array;
  /** 0 white is zero, 1 black is zero (the default), 2 RGB. */
  photometric?: number;
  /** What each band beyond the colours is. */
  extra?: readonly number[];
  orientation?: number;
  nodata?: string;
  /** Whether its strip is left out, as GDAL does where nothing was measured. */
  sparse?: boolean;
  /** Bits a sample, where they are fewer than its array's. */
  bits?: number;
  /** What its data are said to be packed as; 1 for not at all. */
  packing?: number;
  /** How many strips are listed, all of them the same; 1. */
  strips?: number;
  /** Where the next directory is said to lie; 0 for none. */
  next?: number;
}

/** The bytes of a TIFF. */
export function makeTiff(options: TiffOptions): Buffer {
  const { width, height, bands, data, photometric = 1, orientation = 1, nodata, sparse = false, next = 0 } = options;
  const samples = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const bits = options.bits ?? 8 * data.BYTES_PER_ELEMENT;
  const extra = options.extra ?? new Array<number>(Math.max(0, bands - (photometric === 2 ? 3 : 1))).fill(0);
  const fields: [tag: number, type: 2 | 3 | 4, values: readonly number[]][] = [
    [256, 4, [width]],
    [257, 4, [height]],
    [258, 3, new Array<number>(bands).fill(bits)],
    [259, 3, [options.packing ?? 1]],
    [262, 3, [photometric]],
    [273, 4, new Array<number>(options.strips ?? 1).fill(sparse ? 0 : 8)],
    [274, 3, [orientation]],
    [277, 3, [bands]],
    [278, 4, [height]],
    [279, 4, new Array<number>(options.strips ?? 1).fill(sparse ? 0 : samples.length)],
    ...(extra.length > 0 ? [[338, 3, extra] as [number, 3, readonly number[]]] : []),
    [339, 3, new Array<number>(bands).fill(data instanceof Float32Array ? 3 : 1)],
    ...(nodata === undefined ? [] : [[42_113, 2, [...Buffer.from(`${nodata}\0`)]] as [number, 2, number[]]]),
  ];
  const body = Buffer.concat([samples, Buffer.alloc(samples.length % 2)]);
  const at = 8 + body.length;
  const directory = Buffer.alloc(2 + 12 * fields.length + 4);
  const tail: Buffer[] = [];
  let end = at + directory.length;
  directory.writeUInt16LE(fields.length, 0);
  for (const [i, [tag, type, values]] of fields.entries()) {
    const each = { 2: 1, 3: 2, 4: 4 }[type];
    const bytes = Buffer.alloc(Math.max(4, values.length * each));
    for (const [k, value] of values.entries()) bytes.writeUIntLE(value, k * each, each);
    const entry = 2 + 12 * i;
    directory.writeUInt16LE(tag, entry);
    directory.writeUInt16LE(type, entry + 2);
    directory.writeUInt32LE(values.length, entry + 4);
    if (bytes.length === 4) bytes.copy(directory, entry + 8);
    else {
      directory.writeUInt32LE(end, entry + 8);
      tail.push(bytes);
      end += bytes.length;
    }
  }
  directory.writeUInt32LE(next, directory.length - 4);
  const head = Buffer.from([0x49, 0x49, 42, 0, 0, 0, 0, 0]);
  head.writeUInt32LE(at, 4);
  return Buffer.concat([head, body, directory, ...tail]);
}
