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
  /** What else the name says before and after the word, numbers left out. */
  before: string;
  after: string;
  /** None of that names anything. */
  isBare: boolean;
}

function matchOf(name: string): Match | null {
  const words = name
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    // A checksum, as older Hugging Face files have one behind their number.
    .filter((token) => !(/^[0-9a-f]{6,}$/.test(token) && /\d/.test(token)))
    .flatMap((token) => token.match(/\p{L}+/gu) ?? []);
  const at = words.findIndex((word) => partOfWord(word) !== null);
  if (at < 0) return null;
  const isBare = words.every((word, i) => i === at || FILLING.has(word));
  const [before, after] = [words.slice(0, at).join(" "), words.slice(at + 1).join(" ")];
  return { part: partOfWord(words[at]!)!, before, after, isBare };
}

/**
 * The split that each of some names beside each other speaks of. A word counts where the name holds nothing else (`train-000`), where
 * it stands in one place of names that are for different splits (`set-train`, `set-val`), or where all names have one so.
 */
export function partsOfNames(names: readonly string[]): (Part | null)[] {
  const matches = names.map(matchOf);
  const found = matches.filter((match) => match !== null);
  const isAll = found.length === matches.length;
  /** Whether others have the same beside the word, and are of another split. */
  const tells = (match: Match, side: "before" | "after") =>
    (match[side] !== "" || (isAll && found.every((other) => other[side] === ""))) &&
    found.some((other) => other[side] === match[side] && other.part !== match.part);
  const known = new Map<string, boolean>();
  const counts = (match: Match) => {
    const key = [match.part, match.before, match.after].join("\0");
    const isKnown = known.get(key) ?? (match.isBare || twins(match) || tells(match, "before") || tells(match, "after"));
    known.set(key, isKnown);
    return isKnown;
  };
  const twins = ({ part, before, after }: Match) =>
    found.some((other) => other.part !== part && other.before === before && other.after === after);
  return matches.map((match) => (match !== null && counts(match) ? match.part : null));
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

/** What has to be said where names have a word for a split that is taken for a part of a name; null where none has. */
export function doubtOf(paths: readonly string[], parts: readonly (Part | null)[]): string | null {
  const names = paths.map((path) => posix.basename(path));
  const doubtful = names.filter((name, i) => parts[i] === null && matchOf(posix.parse(name).name) !== null);
  if (doubtful.length === 0) return null;
  const more = doubtful.length > 2 ? ` and ${doubtful.length - 2} more` : "";
  return `no split is read from ${doubtful.slice(0, 2).join(", ")}${more}; names such as train-000 and val-000 tell splits`;
}
