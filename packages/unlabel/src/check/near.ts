// Hashes within a few bits of each other among n, without looking at all pairs: multi-index hashing (Norouzi, Punjani and
// Fleet, arXiv:1307.2982). Two hashes that differ in at most 11 of 64 bits differ in at most 2 of some quarter.
import { popcount } from "./hash.ts";

const QUARTERS = 4;
const VALUES = 1 << 16;
/** The farthest that is sure to be found: one bit more may spread as 3 + 3 + 3 + 3. */
export const FARTHEST = 11;

/** All 16-bit patterns with at most two bits set. */
const PATTERNS = Uint16Array.from(
  Array.from({ length: 16 }, (_, i) => i).flatMap((i) => [
    1 << i,
    ...Array.from({ length: i }, (_, j) => (1 << i) | (1 << j)),
  ]),
);

/** Finds hashes near a given one. Hash `i` is the words `2i` and `2i + 1`. */
export class NearIndex {
  readonly #words: Uint32Array;
  /** For each quarter: where the hashes with each value begin in `#members`. */
  readonly #starts: Uint32Array[] = [];
  readonly #members: Uint32Array[] = [];

  constructor(words: Uint32Array) {
    this.#words = words;
    const count = words.length / 2;
    for (let q = 0; q < QUARTERS; q++) {
      const starts = new Uint32Array(VALUES + 1);
      for (let i = 0; i < count; i++) starts[this.#quarter(words, i, q) + 1]!++;
      for (let v = 0; v < VALUES; v++) starts[v + 1]! += starts[v]!;
      const next = starts.slice();
      const members = new Uint32Array(count);
      for (let i = 0; i < count; i++) members[next[this.#quarter(words, i, q)]!++] = i;
      this.#starts.push(starts);
      this.#members.push(members);
    }
  }

  #quarter(words: Uint32Array, i: number, q: number): number {
    return (words[2 * i + (q >> 1)]! >>> (16 * (q & 1))) & 0xffff;
  }

  /**
   * Calls `found` for each hash at most `within` bits from hash `i` of `queries`, possibly more than once.
   *
   * @param within at most {@link FARTHEST}
   */
  search(queries: Uint32Array, i: number, within: number, found: (member: number, distance: number) => void): void {
    const [low, high] = [queries[2 * i]!, queries[2 * i + 1]!];
    for (let q = 0; q < QUARTERS; q++) {
      const value = this.#quarter(queries, i, q);
      const starts = this.#starts[q]!;
      const members = this.#members[q]!;
      for (let p = -1; p < PATTERNS.length; p++) {
        const near = p < 0 ? value : value ^ PATTERNS[p]!;
        for (let at = starts[near]!; at < starts[near + 1]!; at++) {
          const member = members[at]!;
          const distance = popcount(this.#words[2 * member]! ^ low) + popcount(this.#words[2 * member + 1]! ^ high);
          if (distance <= within) found(member, distance);
        }
      }
    }
  }
}
