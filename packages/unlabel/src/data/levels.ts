// The images of a folder by the folders that they lie in, one level at a time.
import type { ImageFile } from "./walk.ts";

/** A folder's images, by the folders directly in it. */
export interface Level {
  /** Relative to the root; empty for the root itself. */
  base: string;
  /** By the folder's name, all below it; none without images. */
  folders: Map<string, ImageFile[]>;
  /** Those directly in it. */
  loose: ImageFile[];
}

/** A path within `base`. */
export function within(base: string, name: string): string {
  return base === "" ? name : `${base}/${name}`;
}

/** @param images all below `base` */
export function levelOf(images: readonly ImageFile[], base: string): Level {
  const start = base === "" ? 0 : base.length + 1;
  const level: Level = { base, folders: new Map(), loose: [] };
  for (const image of images) {
    const end = image.path.indexOf("/", start);
    if (end < 0) {
      level.loose.push(image);
      continue;
    }
    const name = image.path.slice(start, end);
    const found = level.folders.get(name);
    if (found) found.push(image);
    else level.folders.set(name, [image]);
  }
  return level;
}

/** How many of the images lie in `folder` itself, not further below. */
export function directly(images: readonly ImageFile[], folder: string): number {
  const start = folder === "" ? 0 : folder.length + 1;
  return images.filter(({ path }) => !path.includes("/", start)).length;
}

/** So few beside so many that they are hardly meant: a preview, a sample. */
export function isFew(loose: number, all: number): boolean {
  return loose <= Math.max(1, all / 10);
}
