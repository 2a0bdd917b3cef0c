// Which split a name speaks of. A word within a class's name is none: bullet_train and test_tube are classes, imagenette-train and
// imagenette-val are splits. Names are therefore looked at together.
import { posix } from "node:path";

/** The images to train on, those held out to choose by, and those held out to the end. */
export type Part = "train" | "val" | "test";

const WORDS: Readonly<Record<string, Part>> = {
  train: "train",
  training: "train",
  trn: "train",
  val: "val",
  valid: "val",
  validation: "val",
  dev: "val",
  eval: "val",
  evaluation: "val",
  test: "test",
  testing: "test",
};
// What may stand beside the word in a shard's name without naming anything.
const FILLING = new Set(["of", "shard", "shards", "part", "parts", "split", "data", "set", "images", "dataset"]);

/** The split that a word is, in any case; null where it is none. */
export function partOfWord(word: string): Part | null {
  const key = word.trim().toLowerCase();
  return Object.hasOwn(WORDS, key) ? WORDS[key]! : null;
}

interface Match {
  part: Part;
  /** What else the name says, numbers left out. */
  rest: string;
  isFirst: boolean;
  isLast: boolean;
}

function matchOf(name: string): Match | null {
  const words = name.toLowerCase().match(/\p{L}+/gu) ?? [];
  const at = words.findIndex((word) => partOfWord(word) !== null);
  if (at < 0) return null;
  const others = words.filter((word, i) => i !== at && !FILLING.has(word));
  return {
    part: partOfWord(words[at]!)!,
    rest: others.join(" "),
    isFirst: at === 0,
    isLast: at === words.length - 1,
  };
}

/**
 * The split that each of some names beside each other speaks of. A word counts where the name holds nothing else (`train-000`), where
 * the same name has it for another split (`set-train`, `set-val`), or where all names have one, at the same end.
 */
export function partsOfNames(names: readonly string[]): (Part | null)[] {
  const matches = names.map(matchOf);
  const found = matches.filter((match) => match !== null);
  const partsByRest = new Map<string, Set<Part>>();
  for (const { rest, part } of found) partsByRest.set(rest, (partsByRest.get(rest) ?? new Set()).add(part));
  const isOneKind =
    found.length === matches.length &&
    new Set(found.map(({ part }) => part)).size > 1 &&
    (found.every(({ isFirst }) => isFirst) || found.every(({ isLast }) => isLast));
  return matches.map((match) => {
    if (match === null) return null;
    const counts = match.rest === "" || isOneKind || partsByRest.get(match.rest)!.size > 1;
    return counts ? match.part : null;
  });
}

/**
 * The split of each file by its name, or by its folder's where files' names say nothing (`train/000.tar`, `val-000.tar`).
 *
 * @param paths with `/` between their parts; the last two count
 */
export function partsOfFiles(paths: readonly string[]): (Part | null)[] {
  const byName = partsByDistinct(paths.map((path) => posix.parse(path).name));
  const byFolder = partsByDistinct(paths.map((path) => posix.basename(posix.dirname(path))));
  // A folder that holds all of them tells none from another.
  const isOneFolder = new Set(paths.map(posix.dirname)).size === 1 && byName.some((part) => part !== null);
  return paths.map((_, i) => byName[i] ?? (isOneFolder ? null : (byFolder[i] ?? null)));
}

function partsByDistinct(names: readonly string[]): (Part | null)[] {
  const distinct = [...new Set(names)];
  const parts = partsOfNames(distinct);
  const byName = new Map(distinct.map((name, i) => [name, parts[i]!]));
  return names.map((name) => byName.get(name) ?? null);
}

/**
 * The names of folders, at one depth of an archive, that are splits. None where other folders lie beside them and they are not
 * both something to train on and something held out: a folder `train` beside `bus` and `car` is a class.
 */
export function splitFolders(names: readonly string[]): Map<string, Part> {
  const parts = partsOfNames(names);
  const found = new Map(names.flatMap((name, i) => (parts[i] ? [[name, parts[i]] as const] : [])));
  const kinds = new Set(found.values());
  const isSplit = found.size === names.length || (kinds.has("train") && kinds.size > 1);
  return isSplit ? found : new Map();
}
