// A file's bytes by place, read when they are asked for: what nobody asks for costs nothing, and no number in a file makes more be
// read than there is.
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { UserError } from "../../../base/errors.ts";

/** Bytes that can be read anywhere, of a file or of a part of one that had to be unpacked. */
export interface ByteSource {
  /** How many there are. */
  readonly size: number;
  /** @throws {UserError} beyond the end */
  read(position: number, length: number): Buffer;
  /** Says what is wrong with the file, by its name. */
  refuse(message: string): never;
}

/** One call reads no more. */
const MOST_AT_ONCE = 1 << 30;

/** An open file. */
export class FileBytes implements ByteSource {
  readonly path: string;
  readonly size: number;
  readonly descriptor: number;
  #open = true;

  /** @throws {UserError} where there is no such file */
  constructor(path: string) {
    this.path = path;
    try {
      // A pipe would wait for somebody to write into it.
      this.descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "";
      const reason =
        {
          ENOENT: "nothing",
          EACCES: "no permission to read it",
          EISDIR: "a folder",
          ELOOP: "a link that leads to itself",
        }[code] ?? code;
      throw new UserError(`Expected a file with weights at ${path}, got ${reason}`, { cause: error });
    }
    const stat = fstatSync(this.descriptor);
    if (!stat.isFile()) {
      closeSync(this.descriptor);
      throw new UserError(
        `Expected a file with weights at ${path}, got ${stat.isDirectory() ? "a folder" : "no file"}`,
      );
    }
    this.size = stat.size;
  }

  read(position: number, length: number): Buffer {
    if (!this.#open) throw new UserError(`Expected ${this.path} to be open still; it was closed`);
    if (!(position >= 0 && length >= 0 && Number.isSafeInteger(position + length) && position + length <= this.size)) {
      this.refuse(`Expected ${length} bytes at ${position}, got a file of ${this.size}: it is cut off or damaged`);
    }
    // Memory of its own, aligned for any type of element.
    const out = Buffer.from(new ArrayBuffer(length));
    for (let done = 0; done < length; ) {
      const got = readSync(this.descriptor, out, done, Math.min(MOST_AT_ONCE, length - done), position + done);
      if (got === 0) this.refuse(`Expected ${length} bytes at ${position}, got ${done}: it was cut off meanwhile`);
      done += got;
    }
    return out;
  }

  refuse(message: string): never {
    throw new UserError(`${this.path}: ${message}`);
  }

  close(): void {
    if (this.#open) closeSync(this.descriptor);
    this.#open = false;
  }
}

/** What had to be unpacked first, as if it were a file. */
export function sourceOf(bytes: Buffer, file: Pick<ByteSource, "refuse">): ByteSource {
  return {
    size: bytes.length,
    read(position, length) {
      if (position + length > bytes.length) {
        file.refuse(`Expected ${length} bytes at ${position} of a part of ${bytes.length}: it is cut off or damaged`);
      }
      return bytes.subarray(position, position + length);
    },
    refuse: (message) => file.refuse(message),
  };
}
