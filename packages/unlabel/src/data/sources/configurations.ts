// The configurations of a Hugging Face repository: which of its files are read together, as its README says or as folders have them.
import { join, posix } from "node:path";
import { shellWord } from "../../base/shell.ts";
import type { LeftAside } from "../folder.ts";
import { type CardConfig, cardOf, type DatasetCard } from "./dataset-card.ts";
import { type Part, partOfWord, partsOfNames } from "./splits.ts";

// Folders that a program has cut one set into, or that tell rows apart: no configurations.
const PIECE = /^((part|shard|chunk|batch|split|images?|data)?[-_.]?\d+|[^=]+=.*)$/i;

/** A configuration: the files that are read together. */
interface Group {
  name: string;
  /** Relative to the root, with `/` between their parts. */
  files: string[];
  /** The split of each, where the README says it. */
  parts?: (Part | null)[];
  isDefault: boolean;
}

/** The configuration that is read. */
export interface Configuration {
  name: string;
  /** Relative to the root, with `/` between their parts. */
  files: string[];
  /** The split of each, where the README says it. */
  parts?: (Part | null)[];
  leftAside: LeftAside[];
  readings: string[];
}

/**
 * Chooses among the files of a folder: the README's default configuration, else `default`, else the first. Without a README each folder
 * of Parquet is a configuration, but for those of splits; folders of shards are read together.
 *
 * @param files relative to the root, with `/` between their parts, sorted or in the order that they are read in
 */
export function configurationOf(root: string, files: readonly string[], extension: ".parquet" | ".tar"): Configuration {
  const told = toldGroups(files, cardOf(root));
  const together = [{ name: "default", files: [...files], isDefault: true }];
  const groups: Group[] = told.length > 0 ? told : extension === ".parquet" ? foldersOf(files) : together;
  const { isDefault: _, ...group } = groups.find(({ isDefault }) => isDefault) ?? groups[0]!;
  const rest = files.filter((file) => !groups.some((one) => one.files.includes(file)));
  return {
    ...group,
    readings: groups.length > 1 ? [choice(root, group.name, groups)] : [],
    leftAside:
      rest.length > 0 ? [{ what: "of no configuration in README.md", count: rest.length, example: rest[0]! }] : [],
  };
}

function choice(root: string, name: string, groups: readonly Group[]): string {
  const other = groups.find((one) => one.name !== name)!;
  const folders = new Set(other.files.map(posix.dirname));
  const isAlone = [...folders].every((folder) =>
    groups.every((one) => one === other || !one.files.some((file) => isWithin(file, folder))),
  );
  const place = common([...folders]);
  const how =
    isAlone && place !== ""
      ? `give ${shellWord(join(root, place))} for ${other.name}`
      : `put the files of another (${other.files[0]}) into a folder of their own and give that`;
  return `of the configurations ${groups.map((one) => one.name).join(", ")}, ${name} is read; ${how}`;
}

function isWithin(file: string, folder: string): boolean {
  return folder === "." || file.startsWith(`${folder}/`);
}

/** The folder that holds all of some folders. */
function common(folders: readonly string[]): string {
  const [first = "", ...rest] = folders;
  const parts = first.split("/");
  const length = parts.findIndex((part, i) => !rest.every((folder) => folder.split("/")[i] === part));
  return parts.slice(0, length < 0 ? parts.length : length).join("/");
}

function toldGroups(files: readonly string[], card: DatasetCard | null): Group[] {
  const told = (card?.configs ?? []).flatMap((config) => groupOf(config, files) ?? []);
  const chosen = told.find(({ isDefault }) => isDefault) ?? told.find(({ name }) => name === "default");
  return told.map((group) => ({ ...group, isDefault: group === (chosen ?? told[0]) }));
}

function foldersOf(files: readonly string[]): Group[] {
  const byName = new Map<string, string[]>();
  for (const file of files) {
    const folders = file.split("/").slice(0, -1);
    // A folder for a split is none for a configuration, and neither is data/, which holds all of them.
    const own = folders.filter(
      (folder, i) => partOfWord(folder) === null && !PIECE.test(folder) && !(i === 0 && folder === "data"),
    );
    const name = own.join("/") || "default";
    byName.set(name, [...(byName.get(name) ?? []), file]);
  }
  return [...byName]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, some]) => ({ name, files: some, isDefault: name === "default" }));
}

function groupOf(
  { config_name: name, data_files: given, data_dir: folder, default: isDefault = false }: CardConfig,
  files: readonly string[],
) {
  const patterns = given ?? (folder === undefined ? [] : [{ split: "", path: `${folder}/**` }]);
  const parts = new Map<string, Part | null>();
  const splits = [...new Set(patterns.map(({ split }) => split))];
  const known = partsOfNames(splits);
  for (const { split, path } of patterns) {
    for (const pattern of [path].flat()) {
      const whole = given && folder !== undefined ? posix.join(folder, pattern) : pattern;
      for (const file of files.filter((one) => globOf(whole).test(one)))
        parts.set(file, known[splits.indexOf(split)] ?? null);
    }
  }
  const own = files.filter((file) => parts.has(file));
  if (own.length === 0) return null;
  const isTold = [...parts.values()].some((part) => part !== null);
  return { name, files: own, isDefault, ...(isTold && { parts: own.map((file) => parts.get(file)!) }) };
}

/** Hugging Face's patterns: `*` within a folder, `**` across folders. */
function globOf(pattern: string): RegExp {
  const source = pattern.replace(/^\.?\//, "").replace(/\*\*\/?|\*|\?|[.+^${}()|\\[\]]/g, (part) => {
    if (part.startsWith("**")) return part.endsWith("/") ? "(?:.*/)?" : ".*";
    return part === "*" ? "[^/]*" : part === "?" ? "[^/]" : `\\${part}`;
  });
  return new RegExp(`^${source}$`);
}
