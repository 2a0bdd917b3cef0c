// pictures/over-time.json of a run: what it made of a few images at some of its steps, and what lies where in the sheets of small pictures
// beside it, one a step. A sheet that it does not name is not there.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder, removeQuietly, writeAtomically } from "../base/files.ts";

/** The folder in a run directory, and the file in it that tells of the pictures. */
export const PICTURES = "pictures";
export const OVER_TIME = "over-time.json";

/** An image found near another one. */
export interface NearPicture {
  /** Its number in the sheet. */
  tile: number;
  /** Cosine, in [−1, 1]. */
  similarity: number;
  /** Whether it is of the same class; null where either has none. */
  right: boolean | null;
}

/** What a run makes of one image; pictures are numbers in the sheet. */
export interface PicturedImage {
  /** Relative to the source's root. */
  name: string;
  /** The image itself. */
  tile: number;
  /** Its places' features as colours; null of an encoder without such. */
  features: number | null;
  /** What a method that reconstructs saw of it; null of other methods. */
  masked: number | null;
  /** What it made of what it did not see; null as `masked` is. */
  reconstructed: number | null;
  /** The most similar of the images looked at, nearest first; none where there was no time to look at so many. */
  near: NearPicture[];
}

/** The pictures of one step. */
export interface PicturesMoment {
  /** Steps done; 0 before the first one. */
  step: number;
  /** Steps that the run was to have then. */
  total: number;
  /** A JPEG in the same folder. */
  file: string;
  /** Edge of a picture in pixels. */
  tile: number;
  /** Pictures in a row of the sheet. */
  columns: number;
  /** Images among which neighbours were found. */
  among: number;
  /** What they took of the training's time: to read the images, draw them and encode the sheet; absent in older runs. */
  seconds?: number;
  /** The images shown, the same ones at every step. */
  images: PicturedImage[];
}

/** What over-time.json holds. */
export interface PicturesOverTime {
  /** In the order of their steps. */
  moments: PicturesMoment[];
}

/** Of a run's pictures those up to a step, for whoever goes on with it there; none where there are none, or the index is damaged. */
export function momentsUpTo(run: string, step: number): PicturesMoment[] {
  try {
    const { moments } = JSON.parse(readFileSync(join(run, PICTURES, OVER_TIME), "utf8")) as Partial<PicturesOverTime>;
    if (!Array.isArray(moments)) return [];
    return moments.filter((one) => Number.isInteger(one?.step) && one.step <= step && typeof one.file === "string");
  } catch {
    return [];
  }
}

/** Keeps pictures beside those of earlier steps, in place of any of that step or later ones. */
export function keepMoment(run: string, moment: PicturesMoment, sheet: Uint8Array): void {
  const folder = join(run, PICTURES);
  const kept = [...momentsUpTo(run, moment.step - 1), moment];
  makeFolder(folder);
  writeAtomically(join(folder, moment.file), sheet);
  writeAtomically(join(folder, OVER_TIME), `${JSON.stringify({ moments: kept })}\n`);
  const named = new Set(kept.map(({ file }) => file));
  for (const name of readdirSync(folder)) {
    // Steps that were taken back have left theirs.
    if (/^over-time-\d+\.jpg$/.test(name) && !named.has(name)) removeQuietly(join(folder, name));
  }
}

/** The sheet of a step. */
export function sheetName(step: number): string {
  return `over-time-${step}.jpg`;
}
