// Lists a tar archive's files without unpacking it: ustar, GNU's long names and base-256 sizes, pax headers. Names are labels
// here, never paths; links and devices are left out and counted.
import { UserError } from "../../base/errors.ts";
import { shellWord } from "../../base/shell.ts";
import type { Bytes, Opened } from "./bytes.ts";

/** A regular file inside an archive. */
export interface TarFile {
  path: string;
  offset: number;
  size: number;
}

const BLOCK = 512;
// A header says how long the next name is; no honest one takes more.
const MOST_HEADER_BYTES = 1 << 20;

/** How much a window reads at once, in bytes. */
interface Reach {
  /** Where what is wanted lies far apart. */
  least: number;
  /** Where one thing follows the other. */
  most: number;
}

/** Reads small pieces through one buffer, as headers lie close together where files are small. */
export class Window {
  readonly #file: Opened;
  readonly #size: number;
  readonly #reach: Reach;
  #chunk: number;
  #data: Buffer = Buffer.alloc(0);
  #start = 0;

  /** @param reach by default always what the bytes' own chunk is */
  constructor(file: Opened, { size, chunk }: Bytes, reach: Reach = { least: chunk, most: chunk }) {
    this.#file = file;
    this.#size = size;
    this.#chunk = chunk;
    this.#reach = reach;
  }

  /** What is there already; null where it has to be read. */
  held(offset: number, length: number): Buffer | null {
    const from = offset - this.#start;
    return from >= 0 && from + length <= this.#data.length ? this.#data.subarray(from, from + length) : null;
  }

  async read(offset: number, length: number): Promise<Buffer> {
    const held = this.held(offset, length);
    if (held) return held;
    // Who goes on where it ended reads more at once; who leaves most of it out has read in vain.
    const isNext = offset <= this.#start + this.#data.length;
    const { least, most } = this.#reach;
    this.#chunk = isNext ? Math.min(most, 2 * this.#chunk) : Math.max(least, this.#chunk / 2);
    const wanted = Math.min(this.#size - offset, Math.max(length, this.#chunk));
    const { buffer, byteOffset, byteLength } = await this.#file.read(offset, wanted);
    this.#data = Buffer.from(buffer, byteOffset, byteLength);
    this.#start = offset;
    return this.#data.subarray(0, length);
  }
}

const PACKED: readonly [mark: string, what: string, command: string][] = [
  ["\x1f\x8b", "gzip", "gunzip -c"],
  ["BZh", "bzip2", "bunzip2 -c"],
  ["\xfd7zXZ", "xz", "unxz -c"],
  ["\x28\xb5\x2f\xfd", "zstd", "zstd -dc"],
  ["PK\x03\x04", "zip", ""],
];

/** An archive that is packed further has no parts that could be read by themselves. */
function packed(name: string, header: Uint8Array): UserError | null {
  const head = Buffer.from(header.subarray(0, 8)).toString("latin1");
  const found = PACKED.find(([mark]) => head.startsWith(mark));
  if (!found) return null;
  const [, what, command] = found;
  const isLocal = !/^https?:/i.test(name);
  const own = isLocal ? shellWord(name) : "SHARD.tar";
  const mend =
    command === ""
      ? "unpack it and give the folder"
      : `unpack it: ${command} ${own} > ${own.replace(/(\.tar)?('?)$/i, "-unpacked.tar$2")}`;
  return new UserError(`Expected a tar archive in ${name}, got one packed with ${what}; ${mend}`);
}

/**
 * All regular files of an archive, in its order, together as many as one read brings.
 *
 * @param onIgnored called for each link, device or other entry that is no file
 * @throws {UserError} where the archive is damaged or cut off, after all files before that
 */
export async function* tarFiles(
  window: Window,
  { name, size: end }: Bytes,
  onIgnored: (path: string) => void,
): AsyncGenerator<TarFile[], void, void> {
  const damaged = (offset: number, what: string) =>
    new UserError(`Expected a whole tar archive in ${name}, but ${what} at byte ${offset}; make or fetch it again`);
  if (end === 0) throw new UserError(`Expected a tar archive in ${name}, got an empty file; make or fetch it again`);
  const refusal = packed(name, await window.read(0, Math.min(end, BLOCK)));
  if (refusal) throw refusal;
  /** Said by headers of their own about the next file. */
  let next: { path?: string; size?: number } = {};
  let files: TarFile[] = [];
  try {
    for (let offset = 0; ; ) {
      if (offset + BLOCK > end) throw damaged(offset, "it ends without its end mark");
      let header = window.held(offset, BLOCK);
      if (header === null) {
        if (files.length > 0) yield files;
        files = [];
        header = await window.read(offset, BLOCK);
      }
      if (header[0] === 0 && header.every((byte) => byte === 0)) break;
      if (!checksumHolds(header)) throw damaged(offset, "there is no header");
      const type = String.fromCharCode(header[156]!);
      const isMeta = "LKxg".includes(type);
      const path = (!isMeta && next.path) || pathOf(header);
      const size = (!isMeta && next.size) || number(header, 124, 12);
      const data = offset + BLOCK;
      if (!Number.isSafeInteger(size) || size < 0) throw damaged(offset, "a file has an impossible size");
      if (data + size > end) throw damaged(offset, `it ends within ${path}`);
      offset = data + Math.ceil(size / BLOCK) * BLOCK;
      if (isMeta) {
        if (size > MOST_HEADER_BYTES) throw damaged(data, `a header of ${size} bytes is longer than any real one`);
        const content = await window.read(data, size);
        if (type === "L") next.path = text(content, 0, content.length);
        else if (type === "x") next = { ...next, ...pax(content) };
        continue;
      }
      next = {};
      if (type === "0" || type === "\0" || type === "7")
        files.push({ path: path.replace(/^(\.?\/)+/, ""), offset: data, size });
      else if (type !== "5") onIgnored(path);
    }
  } catch (error) {
    if (files.length > 0) yield files;
    throw error;
  }
  yield files;
}

/** The sum of all bytes, those of the sum itself as spaces; some old programs took bytes as signed. */
function checksumHolds(header: Uint8Array): boolean {
  let unsigned = 8 * 32;
  let large = 0;
  for (let i = 0; i < BLOCK; i++) {
    if (i === 148) i = 156;
    const byte = header[i]!;
    unsigned += byte;
    large += byte >> 7;
  }
  const checksum = number(header, 148, 8);
  return checksum === unsigned || checksum === unsigned - 256 * large;
}

function pathOf(header: Buffer): string {
  const name = text(header, 0, 100);
  const isUstar = header[345] !== 0 && text(header, 257, 262) === "ustar" && header[262] === 0;
  const prefix = isUstar ? text(header, 345, 500) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** Octal digits, or GNU's big-endian binary where the first bit is set. */
function number(header: Uint8Array, at: number, length: number): number {
  if (header[at]! >= 0x80) {
    if (header[at] !== 0x80) return Number.NaN;
    return header.subarray(at + 1, at + length).reduce((sum, byte) => sum * 256 + byte, 0);
  }
  let value = 0;
  for (let i = at; i < at + length; i++) {
    const digit = header[i]! - 48;
    // What ends or surrounds them is told from what is none by reading it as text.
    if (digit < 0 || digit > 7) return i > at && header[i] === 0 ? value : written(header, at, length);
    value = 8 * value + digit;
  }
  return value;
}

function written(header: Uint8Array, at: number, length: number): number {
  const digits = text(Buffer.from(header), at, at + length).trim();
  return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || "0", 8) : Number.NaN;
}

/** Records `length key=value\n`. */
function pax(content: Buffer): { path?: string; size?: number } {
  const found: { path?: string; size?: number } = {};
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(32, at);
    const length = space < 0 ? 0 : Number(text(content, at, space));
    if (!(length > space - at)) break;
    const [key, ...value] = text(content, space + 1, at + length - 1).split("=");
    if (key === "path") found.path = value.join("=");
    if (key === "size") found.size = Number(value[0]);
    at += length;
  }
  return found;
}

/** Up to the first zero byte. */
function text(bytes: Buffer, from: number, to: number): string {
  const zero = bytes.indexOf(0, from);
  const found = bytes.toString("utf8", from, zero < 0 ? to : Math.min(zero, to));
  // As a decoder of text has it.
  return found.startsWith("\ufeff") ? found.slice(1) : found;
}
