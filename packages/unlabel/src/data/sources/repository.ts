// A Hugging Face repository as it is cloned: Parquet or tar shards in data/ or in a folder for each configuration, with a README and
// perhaps a preview picture beside it.
import { type Dirent, existsSync, opendirSync, readdirSync } from "node:fs";
import { extname, join, posix } from "node:path";
import { shellWord } from "../../base/shell.ts";
import type { Dataset, LeftAside } from "../folder.ts";
import { IMAGE_EXTENSIONS } from "../walk.ts";
import { type CardConfig, cardOf, type DatasetCard } from "./dataset-card.ts";
import type { openParquet as OpenParquet } from "./parquet.ts";
import { type Part, partOfWord, partsOfNames } from "./splits.ts";

// Pictures for people, as a README shows them. More are a data set of their own.
const MOST_PICTURES = 20;
const PICTURE_FOLDERS = /^(assets?|docs?|figs?|figures?|images?|imgs?|media|pictures?|previews?|thumbnails?|static)$/i;
// Enough to tell what a folder is for.
const LOOKED_AT = 50;
const MOST_FOLDERS = 256;

/** A configuration: the files that are read together. */
interface Group {
  name: string;
  /** Relative to the root, with `/` between their parts. */
  files: string[];
  /** The split of each, where the README says it. */
  parts?: (Part | null)[];
  isDefault: boolean;
}

/** Opens the Parquet or the shards of a folder that is a repository; null where it is another folder. */
export async function openRepository(root: string): Promise<Dataset | null> {
  const found = search(root, ".parquet");
  if (found === null) return openShardsOf(root);
  const { files, pictures } = found;
  const { hasImages, openParquet } = await import("./parquet.ts");
  // Tables beside pictures may be of the pictures.
  if (pictures.length > 0 && !(await hasImages(join(root, files[0]!)))) return null;
  return openGroups(root, groupsOf(files, cardOf(root)), found, openParquet);
}

/** Tar shards that lie otherwise than in the folder itself; an archive beside pictures is one only where a README tells of it. */
async function openShardsOf(root: string): Promise<Dataset | null> {
  const found = search(root, ".tar");
  if (found === null) return null;
  const { files, pictures } = found;
  if (pictures.length > 0 && !(existsSync(join(root, "README.md")) && files.every((file) => /\d/.test(file))))
    return null;
  return openGroups(
    root,
    groupsOf(files, cardOf(root)),
    found,
    async (_, paths, { leftAside = [], readings = [] } = {}) => {
      const { openShards } = await import("./shards.ts");
      const data = await openShards(root, paths);
      const aside = [...leftAside, ...(data.leftAside ?? [])];
      const said = [...readings, ...(data.readings ?? [])];
      return { ...data, ...(aside.length > 0 && { leftAside: aside }), ...(said.length > 0 && { readings: said }) };
    },
  );
}

/** Opens the Parquet of a folder whose README tells several configurations of it; null where there are not several. */
export async function openConfigured(root: string): Promise<Dataset | null> {
  const configs = cardOf(root)?.configs ?? [];
  const found = configs.length > 1 ? search(root, ".parquet") : null;
  const groups = found === null ? [] : groupsOf(found.files, { configs });
  if (found === null || groups.length < 2) return null;
  return openGroups(root, groups, found, (await import("./parquet.ts")).openParquet);
}

function openGroups(
  root: string,
  groups: readonly Group[],
  { files, pictures }: { files: readonly string[]; pictures: readonly string[] },
  open: typeof OpenParquet,
): Promise<Dataset> {
  const group = groups.find(({ isDefault }) => isDefault) ?? groups[0]!;
  const readings: string[] = [];
  if (groups.length > 1) readings.push(choice(root, group, groups));
  const leftAside: LeftAside[] = [];
  const rest = files.filter((file) => !groups.some((one) => one.files.includes(file)));
  if (rest.length > 0) leftAside.push({ what: "files of no configuration", count: rest.length, example: rest[0]! });
  if (pictures.length > 0)
    leftAside.push({
      what: "pictures beside the data",
      count: pictures.length,
      example: pictures[0]!,
      hint: "the images inside the files are the data set",
    });
  return open(
    root,
    group.files.map((file) => join(root, file)),
    { config: group.name, leftAside, readings, ...(group.parts && { parts: group.parts }) },
  );
}

function choice(root: string, { name }: Group, groups: readonly Group[]): string {
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
  return `Of the configurations ${groups.map((one) => one.name).join(", ")}, ${name} is read; ${how}`;
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

/** Configurations as the README has them, else by folder. */
function groupsOf(files: readonly string[], card: DatasetCard | null): Group[] {
  const told = (card?.configs ?? []).flatMap((config) => groupOf(config, files) ?? []);
  if (told.length > 0) {
    const chosen = told.find(({ isDefault }) => isDefault) ?? told.find(({ name }) => name === "default");
    return told.map((group) => ({ ...group, isDefault: group === (chosen ?? told[0]) }));
  }
  const byName = new Map<string, string[]>();
  for (const file of files) {
    const folders = file.split("/").slice(0, -1);
    // A folder for a split is none for a configuration, and neither is data/, which holds all of them.
    const own = folders.filter((folder, i) => partOfWord(folder) === null && !(i === 0 && folder === "data"));
    const name = own.join("/") || "default";
    byName.set(name, [...(byName.get(name) ?? []), file]);
  }
  const groups = [...byName].sort(([a], [b]) => (a < b ? -1 : 1));
  return groups.map(([name, some]) => ({ name, files: some, isDefault: name === "default" }));
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

/**
 * The files of a folder with an extension, three folders deep at most, and the pictures beside them. Null where there are none, or where images lie
 * there as in any folder of them; then only the beginning of each folder has been looked at.
 */
function search(root: string, extension: ".parquet" | ".tar"): { files: string[]; pictures: string[] } | null {
  const isPart = (entry: Dirent) => !entry.isDirectory() && extname(entry.name).toLowerCase() === extension;
  const files: string[] = [];
  const pictures: string[] = [];
  let folders = [""];
  let looked = 0;
  for (let depth = 0; depth <= 3 && folders.length > 0; depth++) {
    const next: string[] = [];
    for (const folder of folders) {
      if (looked++ === MOST_FOLDERS) return null;
      const first = begin(join(root, folder));
      const isForPictures = folder === "" || folder.split("/").some((name) => PICTURE_FOLDERS.test(name));
      if (first.some(isImageFile) && !isForPictures) return null;
      const all = folder === "" || first.length < LOOKED_AT || first.some(isPart) ? list(join(root, folder)) : first;
      for (const entry of all) {
        const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
        if (isPart(entry)) files.push(path);
        else if (isImageFile(entry)) {
          if (!isForPictures) return null;
          pictures.push(path);
        } else if (entry.isDirectory()) next.push(path);
        if (pictures.length > MOST_PICTURES) return null;
      }
    }
    folders = next.sort();
  }
  return files.length === 0 ? null : { files: files.sort(), pictures: pictures.sort() };
}

function isImageFile(entry: Dirent): boolean {
  return !entry.isDirectory() && IMAGE_EXTENSIONS.has(extname(entry.name).toLowerCase());
}

/** The first entries of a folder that are not hidden. */
function begin(folder: string): Dirent[] {
  try {
    const open = opendirSync(folder);
    try {
      const found: Dirent[] = [];
      for (let entry = open.readSync(); entry !== null && found.length < LOOKED_AT; entry = open.readSync())
        if (!entry.name.startsWith(".")) found.push(entry);
      return found;
    } finally {
      open.closeSync();
    }
  } catch {
    return []; // closed to us: whoever opens the folder says so
  }
}

function list(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !name.startsWith("."));
  } catch {
    return [];
  }
}
