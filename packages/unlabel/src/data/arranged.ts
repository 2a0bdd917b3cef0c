// How a folder of images is understood, and what every layout makes that of.
import { type Level, within } from "./levels.ts";
import type { Layout, LeftAside } from "./reading.ts";
import { type Named, type Role, rolesOf } from "./split-names.ts";
import type { ImageFile } from "./walk.ts";

/** An image with its class folder's name, or null where it has none. */
export interface Found extends ImageFile {
  id: string | null;
}

export interface Arranged {
  layout: Layout;
  /** What the classes or splits lie in, relative to the root. */
  base: string;
  train: Found[];
  val: Found[];
  /** How else it might be understood. */
  readings: string[];
  /** Images that are not read. */
  leftAside: LeftAside[];
}

export function rolesIn({ folders }: Level): Map<string, Named | null> {
  return rolesOf([...folders.keys()]);
}

export function ranked(named: ReadonlyMap<string, Named | null>, role: Role): string[] {
  return [...named]
    .flatMap(([name, found]) => (found?.role === role ? [{ name, rank: found.rank }] : []))
    .sort((a, b) => a.rank - b.rank || (a.name < b.name ? -1 : 1))
    .map(({ name }) => name);
}

export function labelled(images: readonly ImageFile[], split: string): Found[] {
  const start = split.length + 1;
  // Each name once, not once an image.
  const ids = new Map<string, string>();
  return images.map(({ path, size }) => {
    const end = path.indexOf("/", start);
    if (end < 0) return { path, size, id: null };
    const name = path.slice(start, end);
    const known = ids.get(name);
    if (known === undefined) ids.set(name, name);
    return { path, size, id: known ?? name };
  });
}

export function withoutLabels({ folders }: Level, names: readonly string[]): Found[] {
  return names.flatMap((name) => folders.get(name)!.map(unlabelled));
}

export function unlabelled(image: ImageFile): Found {
  return { path: image.path, size: image.size, id: null };
}

export function inBase(base: string): string[] {
  return base === "" ? [] : [`found in ${base}/`];
}

export function aside(level: Level, name: string, hint?: string): LeftAside {
  const images = level.folders.get(name)!;
  const what = `in ${within(level.base, name)}/`;
  return { what, count: images.length, example: images[0]!.path, ...(hint !== undefined && { hint }) };
}

export function beside({ loose }: Level, what: string): LeftAside[] {
  const [first] = loose;
  return first ? [{ what: `beside ${what}`, count: loose.length, example: first.path }] : [];
}
