// A pickle's bytes one after the other, read from the file in pieces: what follows a pickle may be gigabytes.
import type { ByteSource } from "../file-bytes.ts";

const PIECE = 1 << 16;
/** No name of a class is longer. */
const MOST_LINE = 10_000;
/** Nor a text or a run of bytes within a pickle. */
const MOST_TAKEN = 1 << 28;

export class Cursor {
  readonly source: ByteSource;
  #piece: Buffer = Buffer.alloc(0);
  /** Where the piece begins. */
  #start: number;
  #at = 0;

  constructor(source: ByteSource, position = 0) {
    this.source = source;
    this.#start = position;
  }

  /** Of the next byte. */
  get position(): number {
    return this.#start + this.#at;
  }

  get left(): number {
    return this.source.size - this.position;
  }

  byte(): number {
    if (this.#at === this.#piece.length) this.#refill(1);
    return this.#piece[this.#at++]!;
  }

  take(length: number): Buffer {
    if (length > this.left) {
      this.source.refuse(`Expected ${length} more bytes of a pickle, got ${this.left}: it is cut off or damaged`);
    }
    if (length > MOST_TAKEN) this.source.refuse(`Expected less than ${MOST_TAKEN} bytes in one piece, got ${length}`);
    if (length > PIECE / 2) {
      const bytes = this.source.read(this.position, length);
      this.#start = this.position + length;
      this.#piece = Buffer.alloc(0);
      this.#at = 0;
      return bytes;
    }
    if (this.#at + length > this.#piece.length) this.#refill(length);
    this.#at += length;
    return this.#piece.subarray(this.#at - length, this.#at);
  }

  /** Up to the end of the line, which it leaves out. */
  line(): string {
    const bytes: number[] = [];
    for (let byte = this.byte(); byte !== 10; byte = this.byte()) {
      bytes.push(byte);
      if (bytes.length > MOST_LINE) this.source.refuse(`Expected lines of at most ${MOST_LINE} bytes in a pickle`);
    }
    return Buffer.from(bytes).toString("utf8");
  }

  refuse(message: string): never {
    return this.source.refuse(message);
  }

  #refill(least: number): void {
    const position = this.position;
    const length = Math.min(PIECE, this.source.size - position);
    if (length < least) this.source.refuse("Expected the end of a pickle, got the end of the file: it is cut off");
    this.#piece = this.source.read(position, length);
    this.#start = position;
    this.#at = 0;
  }
}
