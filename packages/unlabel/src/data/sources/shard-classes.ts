// Which class and split each sample of some tar shards has: by its label, by a text that repeats, or by the folder inside the archive.
import { posix } from "node:path";
import type { ShardIndex } from "./shard-index.ts";
import { type Part, splitFolders } from "./splits.ts";

type ShardSample = Pick<ShardIndex["samples"][number], "path" | "label" | "text">;

/** How the samples of all shards say what they are. */
export interface ShardClasses {
  of(sample: ShardSample): { label: string | null; part: Part | null; isStray: boolean };
  /** Images beside class folders, which are left aside. */
  strays: number;
  readings: string[];
}

// Of all images, the most that may lie beside class folders for these to be classes.
const MOST_STRAYS = 0.05;
const MOST_DEPTH = 16;

/**
 * Texts are classes where they repeat, otherwise captions; folders inside the archive count where nothing else does and there are
 * two or more.
 */
export function classesOf(indices: readonly Pick<ShardIndex, "samples">[]): ShardClasses {
  const texts = new Set<string>();
  const byFolder = new Map<string, number>();
  let [all, labelled, texted] = [0, 0, 0];
  for (const { samples } of indices) {
    for (const { path, label, text } of samples) {
      all++;
      const folder = posix.dirname(path);
      byFolder.set(folder, (byFolder.get(folder) ?? 0) + 1);
      if (label !== undefined) labelled++;
      if (text === undefined) continue;
      texted++;
      texts.add(text);
    }
  }
  const places = placesOf([...byFolder.keys()]);
  const placeOf = (path: string) => places.get(posix.dirname(path))!;
  const readings: string[] = [];
  const by = (label: (sample: ShardSample) => string | null, strays = 0): ShardClasses => ({
    of: (sample) => {
      const { part, folder } = placeOf(sample.path);
      return { label: label(sample), part, isStray: strays > 0 && folder === "" };
    },
    strays,
    readings,
  });

  if (labelled > 0) return by(({ label }) => label ?? null);
  if (texted === all && texts.size > 1 && texts.size <= all / 2) return by(({ text }) => text ?? null);
  if (texted > 0) readings.push(`texts beside ${texted} of ${all} images are taken for captions, not for classes`);
  const folders = new Set([...places.values()].map(({ folder }) => folder));
  const isBeside = folders.delete("");
  if (folders.size < 2) return by(() => null);
  const strays = [...byFolder].reduce((sum, [folder, count]) => sum + (places.get(folder)!.folder ? 0 : count), 0);
  if (isBeside && strays > Math.max(1, MOST_STRAYS * all)) {
    readings.push(`no classes: ${strays} of ${all} images lie beside the folders inside the archive`);
    return by(() => null);
  }
  const above = new Set([...places.values()].map((place) => place.above));
  if (above.size > 1)
    readings.push(`classes are the folders that images lie in (${some(folders)}), not those above (${some(above)})`);
  return by(({ path }) => placeOf(path).folder || null, strays);
}

function some(names: ReadonlySet<string>): string {
  const list = [...names].filter((name) => name !== "");
  return list.length > 3 ? `${list.slice(0, 3).join(", ")}, …` : list.join(", ");
}

/** For each folder of an archive its split, and the name of the class that it may be. */
function placesOf(folders: readonly string[]): Map<string, { part: Part | null; folder: string; above: string }> {
  const paths = folders.map((folder) => folder.split("/").filter((name) => name !== "." && name !== ""));
  const deepest = Math.min(
    MOST_DEPTH,
    paths.reduce((most, { length }) => Math.max(most, length), 0),
  );
  let found = { depth: -1, parts: new Map<string, Part>() };
  for (let depth = 0; depth < deepest && found.depth < 0; depth++) {
    const names = new Set(paths.flatMap((path) => path[depth] ?? []));
    const parts = splitFolders([...names]);
    if (parts.size > 0) found = { depth, parts };
  }
  return new Map(
    folders.map((folder, i) => {
      const path = paths[i]!;
      const part = found.parts.get(path[found.depth] ?? "") ?? null;
      const rest = path.filter((_, depth) => part === null || depth !== found.depth);
      return [folder, { part, folder: rest.at(-1) ?? "", above: rest.at(-2) ?? "" }];
    }),
  );
}
