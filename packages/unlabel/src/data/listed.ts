// What lies in a folder, by name. A folder may hold a million files: there is no object for each. Before set-up has built the native part
// Node does the same, slower.
import { type Dirent, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { SetupError } from "@unlabel/torch/setup";
import { Kind, type NativeReader, nativeReader } from "../base/native.ts";

/** See the head of this file. */
export interface Listed {
  /** In the order of JavaScript's texts. */
  names: string[];
  /** What each is: see {@link Kind}. */
  kinds: Uint8Array;
}

/** Sizes in bytes, −1 where there is nothing, and what each is. */
type Sizes = ReturnType<NativeReader["fileSizes"]>;

/** All that lies in a folder, whatever it is; null where it cannot be listed. What is no text in a name is U+FFFD there. */
export function listed(folder: string): Listed | null {
  const lister = native();
  if (lister === null) return listedByNode(folder);
  const found = lister.listFolder(folder);
  if (found === null) return null;
  return sorted({ names: found.names === "" ? [] : found.names.split("/"), kinds: found.kinds });
}

/** What some names in a folder lead to, in their order. */
export function sizesIn(folder: string, names: readonly string[]): Sizes {
  return native()?.fileSizes(folder, names.join("/")) ?? sizesByNode(folder, names);
}

/** Those of which `keeps` says so. */
export function those({ names, kinds }: Listed, keeps: (name: string, kind: number) => boolean): Listed {
  const places = [...names.keys()].filter((i) => keeps(names[i]!, kinds[i]!));
  return places.length === names.length ? { names, kinds } : chosen({ names, kinds }, places);
}

/** The names of those that are folders. */
export function foldersOf({ names, kinds }: Listed): string[] {
  return names.filter((_, i) => kinds[i] === Kind.folder);
}

function chosen({ names, kinds }: Listed, places: readonly number[]): Listed {
  return { names: places.map((i) => names[i]!), kinds: Uint8Array.from(places, (i) => kinds[i]!) };
}

function sorted(all: Listed): Listed {
  const { names } = all;
  // By their bytes, as the native part has them, a few letters of rare scripts are elsewhere.
  if (names.every((name, i) => i === 0 || names[i - 1]! <= name)) return all;
  return chosen(
    all,
    [...names.keys()].sort((a, b) => (names[a]! < names[b]! ? -1 : 1)),
  );
}

function native(): NativeReader | null {
  try {
    return nativeReader();
  } catch (error) {
    if (error instanceof SetupError) return null;
    throw error;
  }
}

/** Exported to be held against the native part's. */
export function listedByNode(folder: string): Listed | null {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return null;
  }
  const kindOf = (entry: Dirent) => {
    if (entry.isFile()) return Kind.file;
    if (entry.isDirectory()) return Kind.folder;
    return entry.isSymbolicLink() ? Kind.link : Kind.other;
  };
  return sorted({ names: entries.map(({ name }) => name), kinds: Uint8Array.from(entries, kindOf) });
}

/** Exported to be held against the native part's. */
export function sizesByNode(folder: string, names: readonly string[]): Sizes {
  const found: Sizes = { sizes: new Float64Array(names.length).fill(-1), kinds: new Uint8Array(names.length) };
  for (const [i, name] of names.entries()) {
    try {
      const stats = statSync(join(folder, name));
      found.sizes[i] = stats.size;
      found.kinds[i] = stats.isFile() ? Kind.file : stats.isDirectory() ? Kind.folder : Kind.other;
    } catch {
      // Gone, or a link to nothing or to itself: as it stands.
    }
  }
  return found;
}
