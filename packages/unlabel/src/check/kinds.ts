// Kinds of files among each other: how many there are of each depth and of each set of bands, and what follows from a mixture.
import type { Seen } from "./look.ts";

/** Files of one kind. */
export interface KindCount {
  /** In words, such as `16-bit` or `RGB and alpha`. */
  kind: string;
  /** How many there are, in train and val. */
  files: number;
  /** The first of them, relative to the root. */
  example: string;
}

/** Files by what `of` says of them, the most frequent first; those of which nothing is known are left out. */
export function kindsOf(images: readonly Seen[], of: (seen: Seen) => string | null): KindCount[] {
  const found = new Map<string, KindCount>();
  for (const seen of images) {
    const kind = of(seen);
    if (kind === null) continue;
    const known = found.get(kind);
    if (known) known.files++;
    else found.set(kind, { kind, files: 1, example: seen.item.path });
  }
  return [...found.values()].sort((a, b) => b.files - a.files);
}

/** "20 × 16-bit (a.tif), 4 × 8-bit (b.tif)": kinds may begin with a number themselves. */
export function mixture(kinds: readonly KindCount[]): string {
  return kinds.map(({ kind, files, example }) => `${files} × ${kind} (${example})`).join(", ");
}

/** Of all kinds but the most frequent. */
export function others(kinds: readonly KindCount[]): number {
  return kinds.slice(1).reduce((sum, { files }) => sum + files, 0);
}

/** Whether a depth is more than photographs mostly have. */
export function isDeep(depth: string): boolean {
  return depth.includes("float") || Number.parseInt(depth, 10) > 8;
}
