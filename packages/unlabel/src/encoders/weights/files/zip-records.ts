// The records of a zip archive, by name: where each lies, without reading them. Sizes that an archive claims are held against its
// own.
import { inflateRawSync } from "node:zlib";
import { fromRandomAccessReaderPromise, RandomAccessReader, type Entry as ZipEntry } from "yauzl";
import { UserError } from "../../../base/errors.ts";
import type { ByteSource } from "./file-bytes.ts";

/** A record of an archive. */
export interface ZipRecord {
  /** Bytes of what is in it. */
  readonly size: number;
  /** As the archive has it; not every writer's is right. */
  readonly crc32: number;
  /** @throws {UserError} beyond its end, or where it is damaged */
  read(begin: number, length: number): Buffer;
}

/** More records than a checkpoint of the largest models has storages. */
const MOST_RECORDS = 100_000;
/** Deflate makes no more of a byte. */
const MOST_DEFLATED = 1032;
/** A packed record of more is refused; PyTorch packs none. */
const MOST_UNPACKED = 1 << 30;
const STORED = 0;
const DEFLATED = 8;

/** @throws {UserError} where the archive is damaged */
export async function zipRecords(file: ByteSource): Promise<Map<string, ZipRecord>> {
  const records = new Map<string, ZipRecord>();
  try {
    const options = { lazyEntries: true, autoClose: false };
    const zip = await fromRandomAccessReaderPromise(new Reader(file), file.size, options);
    if (zip.entryCount > MOST_RECORDS) {
      file.refuse(`Expected an archive of at most ${MOST_RECORDS} records, got ${zip.entryCount}`);
    }
    for await (const entry of zip.eachEntry()) {
      const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
      records.set(entry.fileName, recordOf(file, entry, fileDataStart));
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    file.refuse(`Expected a whole zip archive, got one that is cut off or damaged: ${messageOf(error)}`);
  }
  return records;
}

function recordOf(file: ByteSource, entry: ZipEntry, start: number): ZipRecord {
  const { fileName, uncompressedSize: size, compressedSize: packed, compressionMethod: method, crc32 } = entry;
  const check = (begin: number, length: number, there: number) => {
    if (begin >= 0 && length >= 0 && begin + length <= there) return;
    file.refuse(`Expected ${begin + length} bytes in ${fileName}, got ${there}: it is cut off or damaged`);
  };
  if (method === STORED) {
    if (!(start + size <= file.size)) {
      file.refuse(`Expected ${size} bytes for ${fileName}, got ${file.size - start}: it is cut off or damaged`);
    }
    return {
      size,
      crc32,
      read(begin, length) {
        check(begin, length, size);
        return file.read(start + begin, length);
      },
    };
  }
  if (method !== DEFLATED) file.refuse(`Expected records that are stored or deflated, got method ${method}`);
  if (size > MOST_DEFLATED * packed + 64 || size > MOST_UNPACKED) {
    file.refuse(`Expected ${fileName} to hold what ${packed} packed bytes can, got ${size}: it is damaged`);
  }
  // Read in parts it is unpacked once.
  let kept: WeakRef<Buffer> | null = null;
  return {
    size,
    crc32,
    read(begin, length) {
      const bytes = kept?.deref() ?? unpacked(file, fileName, file.read(start, packed), size);
      kept = new WeakRef(bytes);
      check(begin, length, bytes.length);
      return Buffer.from(new Uint8Array(bytes.subarray(begin, begin + length)).buffer);
    },
  };
}

function unpacked(file: ByteSource, name: string, bytes: Buffer, size: number): Buffer {
  try {
    return inflateRawSync(bytes, { maxOutputLength: Math.max(1, size) });
  } catch (error) {
    return file.refuse(`Expected ${name} to be deflated, got something else: ${messageOf(error)}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The archive's directory comes through this one. */
class Reader extends RandomAccessReader {
  readonly #file: ByteSource;

  constructor(file: ByteSource) {
    super();
    this.#file = file;
  }

  override read(
    to: Buffer,
    offset: number,
    length: number,
    position: number,
    done: (error: Error | null) => void,
  ): void {
    // Whatever is thrown here must go through the callback: nobody stands above to catch it.
    let problem: Error | null = null;
    try {
      this.#file.read(position, length).copy(to, offset);
    } catch (error) {
      problem = error instanceof Error ? error : new Error(String(error));
    }
    queueMicrotask(() => done(problem));
  }
}
