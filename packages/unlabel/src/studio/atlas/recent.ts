// What was asked for last, and is likely to be asked for again.

/** Keeps some values by name; of more, those asked for last. What failed is not kept. */
export class Recent<T extends Promise<unknown>> {
  readonly #most: number;
  readonly #drop: (value: T) => void;
  readonly #values = new Map<string, T>();

  /** @param drop called with what is no longer kept */
  constructor(most: number, drop: (value: T) => void = () => {}) {
    [this.#most, this.#drop] = [most, drop];
  }

  /** The value of that name; undefined where it is not kept. */
  get(name: string): T | undefined {
    return this.#values.get(name);
  }

  /** The value of that name, made where there is none. */
  of(name: string, make: () => T): T {
    const known = this.#values.get(name);
    const value = known ?? make();
    this.#values.delete(name);
    this.#values.set(name, value);
    if (!known) {
      value.catch(() => {
        if (this.#values.get(name) === value) this.#values.delete(name);
      });
      for (const [oldest, old] of this.#values) {
        if (this.#values.size <= this.#most) break;
        this.#values.delete(oldest);
        this.#drop(old);
      }
    }
    return value;
  }

  /** Drops all. */
  clear(): void {
    for (const value of this.#values.values()) this.#drop(value);
    this.#values.clear();
  }
}
