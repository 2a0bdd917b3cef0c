// A Hugging Face repository as it is cloned: Parquet or tar shards in data/ or in a folder for each configuration, with a README and
// perhaps a preview picture beside it.
import { type Dirent, existsSync, opendirSync, readdirSync } from "node:fs";
import { extname, join } from "node:path";
import type { Dataset, LeftAside } from "../folder.ts";
import { IMAGE_EXTENSIONS } from "../walk.ts";
import { configurationOf } from "./configurations.ts";
import { cardOf } from "./dataset-card.ts";

// Pictures for people, as a README shows them. More are a data set of their own.
const MOST_PICTURES = 20;
const PICTURE_FOLDERS = /^(assets?|docs?|figs?|figures?|images?|imgs?|media|pictures?|previews?|thumbnails?|static)$/i;
// Enough to tell what a folder is for.
const LOOKED_AT = 50;
const MOST_FOLDERS = 256;

interface Found {
  /** Relative to the root, with `/` between their parts. */
  files: string[];
  pictures: string[];
}

/** Opens the Parquet or the shards of a folder that is a repository; null where it is another folder. */
export async function openRepository(root: string): Promise<Dataset | null> {
  const parquet = search(root, ".parquet");
  if (parquet !== null) {
    const { hasImages } = await import("./parquet.ts");
    // Tables beside pictures may be of the pictures.
    const isOfPictures = parquet.pictures.length > 0 && !(await hasImages(join(root, parquet.files[0]!)));
    return isOfPictures ? null : openFound(root, parquet, ".parquet");
  }
  const tars = search(root, ".tar");
  if (tars === null) return null;
  // An archive beside pictures is the data only where a README tells of it.
  const isRepository = existsSync(join(root, "README.md")) && tars.files.every((file) => /\d/.test(file));
  return tars.pictures.length > 0 && !isRepository ? null : openFound(root, tars, ".tar");
}

/** Opens the Parquet of a folder whose README tells several configurations of it; null where there are not several. */
export async function openConfigured(root: string): Promise<Dataset | null> {
  const configs = cardOf(root)?.configs ?? [];
  const found = configs.length > 1 ? search(root, ".parquet") : null;
  if (found === null || configurationOf(root, found.files, ".parquet").readings.length === 0) return null;
  return openFound(root, found, ".parquet");
}

async function openFound(root: string, { files, pictures }: Found, extension: ".parquet" | ".tar"): Promise<Dataset> {
  const chosen = configurationOf(root, files, extension);
  const paths = chosen.files.map((file) => join(root, file));
  const leftAside: LeftAside[] = [...chosen.leftAside];
  if (pictures.length > 0)
    leftAside.push({
      what: `${pictures.length === 1 ? "picture" : "pictures"} beside the ${extension} files`,
      count: pictures.length,
      example: pictures[0]!,
      hint: "the images inside these are the data set",
    });
  if (extension === ".parquet") {
    const { openParquet } = await import("./parquet.ts");
    return openParquet(root, paths, { ...chosen, config: chosen.name, leftAside });
  }
  const { openShards } = await import("./shards.ts");
  const data = await openShards(root, paths);
  const aside = [...leftAside, ...(data.leftAside ?? [])];
  const readings = [...chosen.readings, ...(data.readings ?? [])];
  return { ...data, ...(aside.length > 0 && { leftAside: aside }), ...(readings.length > 0 && { readings }) };
}

/**
 * The files of a folder with an extension, three folders deep at most, and the pictures beside them. Null where there are none, or where images lie
 * there as in any folder of them; then only the beginning of each folder has been looked at.
 */
function search(root: string, extension: ".parquet" | ".tar"): Found | null {
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
