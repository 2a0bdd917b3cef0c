// Which of many things are marked: a bit each, where a Set takes forty bytes each and none beyond 2^24 of them.

/** A set of whole numbers below a length. */
export class Marks {
  readonly #bits: Uint8Array;
  #size = 0;

  /** @param length the numbers are 0 to length − 1 */
  constructor(length: number) {
    this.#bits = new Uint8Array(Math.ceil(length / 8));
  }

  /** How many are marked. */
  get size(): number {
    return this.#size;
  }

  has(index: number): boolean {
    return ((this.#bits[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
  }

  add(index: number): void {
    if (this.has(index)) return;
    this.#bits[index >> 3]! |= 1 << (index & 7);
    this.#size++;
  }

  delete(index: number): void {
    if (!this.has(index)) return;
    this.#bits[index >> 3]! &= ~(1 << (index & 7));
    this.#size--;
  }
}
