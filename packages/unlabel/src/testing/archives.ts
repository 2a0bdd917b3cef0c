// Archives for tests, made by hand: tar shards in the dialects that programs write, and records of CIFAR and IDX.
import { samplePixels } from "./data.ts";

export interface TarEntry {
  path: string;
  content?: Uint8Array | string;
  /** `0` a file, `5` a folder, `2` a symbolic link, `L` GNU's long name, `x` pax. */
  type?: string;
  /** What the header claims instead of the content's length. */
  size?: number;
}

/** A ustar archive; `end: false` leaves out its end mark. */
export function tarOf(entries: readonly TarEntry[], { end = true } = {}): Buffer {
  const parts = entries.flatMap(({ path, content = "", type = "0", size }) => {
    const data = Buffer.from(content);
    const header = Buffer.alloc(512);
    header.write(path.slice(0, 100), 0);
    header.write("0000644\0", 100);
    header.write(`${(size ?? data.length).toString(8).padStart(11, "0")}\0`, 124);
    header.write(`        ${type}`, 148);
    if (type === "2") header.write("target", 157);
    header.write("ustar\x0000", 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return [header, data, Buffer.alloc(-data.length & 511)];
  });
  return Buffer.concat([...parts, Buffer.alloc(end ? 1024 : 0)]);
}

/** The record `length key=value\n` of a pax header. */
export function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  const length = bytes + String(bytes + 2).length;
  return `${length}${rest}`;
}

/** CIFAR records: label bytes, then 32 × 32 pixels in planes. */
export function cifarOf(labels: readonly number[][]): Buffer {
  return Buffer.concat(
    labels.map((label, kind) => {
      const pixels = samplePixels(32, 32, kind);
      const planes = [0, 1, 2].map((channel) => pixels.filter((_, i) => i % 3 === channel));
      return Buffer.concat([Buffer.from(label), ...planes]);
    }),
  );
}

/** An IDX file of bytes. */
export function idxOf(dims: readonly number[], values: Uint8Array): Buffer {
  const head = Buffer.alloc(4 + 4 * dims.length);
  head.writeUInt32BE(0x800 + dims.length);
  for (const [i, dim] of dims.entries()) head.writeUInt32BE(dim, 4 + 4 * i);
  return Buffer.concat([head, values]);
}
