// Work on many things with a few under way.

/** Requests or reads under way at once. */
export const AT_ONCE = 8;

/** `work` with at most `count` under way. */
export function limited<A, B>(count: number, work: (input: A) => Promise<B>): (input: A) => Promise<B> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (input) => {
    if (running === count) await new Promise<void>((go) => waiting.push(go));
    else running++;
    try {
      return await work(input);
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}

/** `work` on all of a list, with at most `count` under way. */
export function pooled<A, B>(count: number, list: readonly A[], work: (input: A) => Promise<B>): Promise<B[]> {
  return Promise.all(list.map(limited(count, work)));
}
