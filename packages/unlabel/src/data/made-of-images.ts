// Folders of what was made for each image: masks, labels, depths. They are pictures as well, and neither images nor a class.
import { type Counted, type ImageFile, note } from "./walk.ts";

/** Beside images/, what was made for each of them. */
const MADE =
  /^(masks?|mattes?|labels?|annotations?|segmentation\w*|segs?|gts?|gt_?(fine|coarse|masks?|labels?|depths?|png)|ground_?truths?|depths?|disparit(y|ies)|targets?|trimaps?)$/i;
const IMAGES = /^(images?|imgs?|rgb|pics?|pictures?|photos?|jpe?gs?|jpegimages|pngimages|leftimg8bit)$/i;

/**
 * Takes such folders away, at any depth, where a folder called images/ or the like lies beside.
 *
 * @returns the other images, and the folders with what is in them and what they lie beside
 */
export function withoutMade(images: readonly ImageFile[]): {
  images: readonly ImageFile[];
  made: Map<string, Counted & { beside: string }>;
} {
  const made = new Map<string, Counted & { beside: string }>();
  const byParent = new Map<string, Set<string>>();
  for (const { path } of images)
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      const start = path.lastIndexOf("/", end - 1) + 1;
      const parent = path.slice(0, start);
      const names = byParent.get(parent) ?? new Set();
      if (names.has(path.slice(start, end))) break;
      byParent.set(parent, names.add(path.slice(start, end)));
    }
  const folders = new Map<string, string>();
  for (const [parent, names] of byParent) {
    const beside = [...names].sort().find((name) => IMAGES.test(name));
    if (beside === undefined) continue;
    for (const name of names) if (MADE.test(name)) folders.set(`${parent}${name}`, `${parent}${beside}/`);
  }
  if (folders.size === 0) return { images, made };
  const counts = new Map<string, Counted>();
  const kept = images.filter(({ path }) => {
    for (let end = path.indexOf("/"); end > 0; end = path.indexOf("/", end + 1)) {
      const folder = path.slice(0, end);
      if (!folders.has(folder)) continue;
      note(counts, folder, path);
      return false;
    }
    return true;
  });
  for (const [folder, one] of counts) made.set(`${folder}/`, { ...one, beside: folders.get(folder)! });
  return { images: kept, made };
}
