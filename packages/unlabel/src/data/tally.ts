// What most of some images are.

/** The share of images that decides where a few are of another kind; those are skipped, and said. */
export const MOST = 0.9;

/** Values and how often each occurs, the most frequent first. */
export function tally<One, T>(all: readonly One[], of: (one: One) => T): [value: T, count: number][] {
  const counts = new Map<T, number>();
  for (const one of all) counts.set(of(one), (counts.get(of(one)) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}
