// A file's bytes wherever they lie, read in stretches: of a large file only what is asked for is in memory.
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { whileOpen } from "./budget.ts";

/** See the head of this file. */
export interface ByteSource {
  /** In bytes. */
  readonly size: number;
  /**
   * `length` bytes from `at`.
   *
   * @throws {Error} where the file ends before
   */
  read(at: number, length: number): Promise<Uint8Array>;
}

/** What a stretch beyond a file's end is called. */
export const CUT_OFF = "damaged image: it is cut off, or its data make no sense";

/** Opens a file, or takes the bytes of one, for `use` alone. */
export async function withBytes<T>(file: string | Uint8Array, use: (bytes: ByteSource) => Promise<T>): Promise<T> {
  if (typeof file !== "string") {
    return use({
      size: file.length,
      read: async (at, length) => {
        checkStretch(at, length, file.length);
        return file.subarray(at, at + length);
      },
    });
  }
  return whileOpen(async () => {
    // Without O_NONBLOCK a named pipe would wait for a writer for ever.
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch((error) => {
      throw new Error(inWords(error), { cause: error });
    });
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) throw new Error("not a file");
      const { size } = stats;
      return await use({
        size,
        read: async (at, length) => {
          checkStretch(at, length, size);
          const bytes = new Uint8Array(length);
          for (let done = 0; done < length; ) {
            const { bytesRead } = await handle.read(bytes, done, length - done, at + done);
            if (bytesRead === 0) throw new Error(CUT_OFF);
            done += bytesRead;
          }
          return bytes;
        },
      });
    } finally {
      await handle.close();
    }
  });
}

/** Up to `length` bytes of the beginning. */
export function headOf(bytes: ByteSource, length: number): Promise<Uint8Array> {
  return bytes.read(0, Math.min(length, bytes.size));
}

function checkStretch(at: number, length: number, size: number): void {
  // Damaged files may say where with a fraction.
  const isPlace = Number.isSafeInteger(at) && Number.isSafeInteger(length) && at >= 0 && length >= 0;
  if (!isPlace || at + length > size) throw new Error(CUT_OFF);
}

function inWords(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "the file is gone";
  if (code === "EACCES") return "it may not be read; check its permissions";
  return `it cannot be opened (${code ?? error})`;
}
