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
  /** For each quarter: where the hashes with each value begin in `#members`. */
  readonly #starts: Uint32Array[] = [];
  readonly #members: Uint32Array[] = [];
  /** The hashes themselves in that order: those of a value are read one after the other. */
  readonly #hashes: Uint32Array[] = [];

  constructor(words: Uint32Array) {
    const count = words.length / 2;
    for (let q = 0; q < QUARTERS; q++) {
      const starts = new Uint32Array(VALUES + 1);
      for (let i = 0; i < count; i++) starts[this.#quarter(words, i, q) + 1]!++;
      for (let v = 0; v < VALUES; v++) starts[v + 1]! += starts[v]!;
      const next = starts.slice();
      const members = new Uint32Array(count);
      const hashes = new Uint32Array(2 * count);
      for (let i = 0; i < count; i++) {
        const at = next[this.#quarter(words, i, q)]!++;
        members[at] = i;
        hashes[2 * at] = words[2 * i]!;
        hashes[2 * at + 1] = words[2 * i + 1]!;
      }
      this.#starts.push(starts);
      this.#members.push(members);
      this.#hashes.push(hashes);
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
      const [starts, members, hashes] = [this.#starts[q]!, this.#members[q]!, this.#hashes[q]!];
      for (let p = -1; p < PATTERNS.length; p++) {
        const near = p < 0 ? value : value ^ PATTERNS[p]!;
        const end = starts[near + 1]!;
        for (let at = starts[near]!; at < end; at++) {
          const distance = popcount(hashes[2 * at]! ^ low) + popcount(hashes[2 * at + 1]! ^ high);
          if (distance <= within) found(members[at]!, distance);
        }
      }
    }
  }
}

/** Which hashes there are, each once, and who has each. */
export interface Distinct {
  /** As given, those that came before left out. */
  words: Uint32Array;
  /** Calls `visit` with up to `most` of those that have hash `id` of these, from the first on. */
  holders(id: number, most: number, visit: (holder: number) => void): void;
}

/** Hash `i` is the words `2i` and `2i + 1`. */
export function distinctHashes(words: Uint32Array): Distinct {
  const count = words.length / 2;
  const NONE = 0xffffffff;
  // Open addressing; half of it stays empty.
  const table = new Uint32Array(2 ** Math.ceil(Math.log2(2 * count + 2))).fill(NONE);
  const [first, last, next] = [new Uint32Array(count), new Uint32Array(count), new Uint32Array(count).fill(NONE)];
  let found = 0;
  for (let i = 0; i < count; i++) {
    const [low, high] = [words[2 * i]!, words[2 * i + 1]!];
    let at = (Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b)) >>> 0;
    at = (at ^ (at >>> 15)) % table.length;
    for (; table[at] !== NONE; at = (at + 1) % table.length) {
      const other = first[table[at]!]!;
      if (words[2 * other] === low && words[2 * other + 1] === high) break;
    }
    const id = table[at]!;
    if (id === NONE) {
      table[at] = found;
      first[found] = i;
      last[found++] = i;
    } else {
      next[last[id]!] = i;
      last[id] = i;
    }
  }
  const holders: Distinct["holders"] = (id, most, visit) => {
    let holder = first[id]!;
    for (let k = 0; k < most && holder !== NONE; k++, holder = next[holder]!) visit(holder);
  };
  return { words: Uint32Array.from({ length: 2 * found }, (_, k) => words[2 * first[k >> 1]! + (k & 1)]!), holders };
}
