// What was asked for last, and is likely to be asked for again.

/** Keeps some values by name; of more, those asked for last. What failed is not kept, and what is in use is dropped once it no longer is. */
export class Recent<T extends Promise<unknown>> {
  readonly #most: number;
  readonly #drop: (value: T) => void;
  readonly #values = new Map<string, T>();
  readonly #users = new Map<T, number>();
  /** No longer kept, and still in use. */
  readonly #leaving = new Set<T>();

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
        this.#leave(old);
      }
    }
    return value;
  }

  /** Works with the value of that name, made where there is none; until that is over it is not dropped. */
  async use<R>(name: string, make: () => T, work: (value: Awaited<T>) => Promise<R>): Promise<R> {
    const value = this.of(name, make);
    this.#users.set(value, (this.#users.get(value) ?? 0) + 1);
    try {
      return await work(await value);
    } finally {
      const left = this.#users.get(value)! - 1;
      if (left > 0) this.#users.set(value, left);
      else {
        this.#users.delete(value);
        if (this.#leaving.delete(value)) this.#drop(value);
      }
    }
  }

  /** Has the value of that name made anew when it is asked for again. */
  forget(name: string): void {
    const value = this.#values.get(name);
    if (value === undefined) return;
    this.#values.delete(name);
    this.#leave(value);
  }

  /** Drops all. */
  clear(): void {
    for (const name of [...this.#values.keys()]) this.forget(name);
  }

  #leave(value: T): void {
    if (this.#users.has(value)) this.#leaving.add(value);
    else this.#drop(value);
  }
}
