// Folders of what was made for each image: masks, labels, depths. They are pictures as well, and neither images nor a class.
import type { LeftAside } from "./reading.ts";
import { roleOf } from "./split-names.ts";
import { type Counted, type ImageFile, note } from "./walk.ts";

/** Beside images/, what was made for each of them. */
const MADE =
  /^(masks?|mattes?|labels?|annotations?|segmentation\w*|segs?|gts?|gt_?(fine|coarse|masks?|labels?|depths?|png)|ground_?truths?|depths?|disparit(y|ies)|targets?|trimaps?)$/i;
const IMAGES = /^(images?|imgs?|rgb|pics?|pictures?|photos?|jpe?gs?|jpegimages|pngimages|leftimg8bit)$/i;

/** What a name says beside those words; whether it has one for what is made of images, and one for images. */
function partsOf(name: string): { rest: string; isMade: boolean; isImages: boolean } {
  if (MADE.test(name)) return { rest: "", isMade: true, isImages: false };
  const words = name.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== "");
  const rest = words.filter((word) => !MADE.test(word) && !IMAGES.test(word));
  return {
    rest: rest.join(" ").toLowerCase(),
    isMade: words.some((word) => MADE.test(word)),
    isImages: rest.length < words.length,
  };
}

/** For each folder of what was made, the images' folder beside it: images/ of masks/, train/ or train_images/ of train_masks/. */
function madeAmong(names: readonly string[]): Map<string, string> {
  const all = names.map((name) => ({ name, ...partsOf(name) }));
  const images = all.filter(({ isMade }) => !isMade);
  // bottle/train, bottle/test, bottle/ground_truth.
  const train = images.find(({ name: one }) => roleOf(one)?.role === "train");
  const areSplits = images.length > 1 && images.every(({ name: one }) => roleOf(one) !== null);
  return new Map(
    all.flatMap(({ name, rest, isMade }) => {
      if (!isMade || (rest !== "" && roleOf(rest) === null)) return [];
      const beside =
        images.find((one) => one.rest === rest && (rest !== "" || one.isImages)) ??
        (rest === "" && areSplits ? train : null);
      return beside ? [[name, beside.name] as const] : [];
    }),
  );
}

/**
 * Takes such folders away, at any depth, where a folder called images/ or the like lies beside, or the split that they are of.
 *
 * @returns the other images, and the folders with what is in them and what they lie beside
 */
function withoutMade<T extends ImageFile>(
  images: readonly T[],
): {
  images: readonly T[];
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
    for (const [name, beside] of madeAmong([...names].sort())) folders.set(`${parent}${name}`, `${parent}${beside}/`);
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

/** In each name that is looked for. */
const HINT = /mask|matte|label|annot|seg|gt|truth|depth|dispar|target|trimap/i;

/** Both, with what has to be said of them. */
export function imagesAlone<T extends ImageFile>(all: readonly T[]): { images: readonly T[]; leftAside: LeftAside[] } {
  if (!all.some(({ path }) => HINT.test(path))) return { images: all, leftAside: [] };
  const alone = withoutMadeFiles(all);
  const { images, made } = withoutMade(alone.images);
  const leftAside = [...made].map(([folder, { count, example, beside }]): LeftAside => {
    const hint = `pictures made for those in ${beside}, as its name says; to train on these, give it as DATA`;
    return { what: `in ${folder}`, count, example, hint };
  });
  if (alone.made) {
    const hint = "their names say so; to train on these, move them into a folder of their own";
    leftAside.push({ what: "made of an image beside", ...alone.made, hint });
  }
  return { images, leftAside };
}

/** `x_mask.png`, `x.depth.png`, `x_mask_1.png`. */
const MADE_FILE =
  /^(.*[^\s_.-])[\s_.-]+(masks?|labels?|seg|segmentation|gt|ground_?truth|depth|trimap|matte|annotation)([\s_.-]?\d+)?\.\w+$/i;

/** Takes away files that say of an image beside them that they were made of it: `x_mask.png` beside `x.jpg`. */
function withoutMadeFiles<T extends ImageFile>(images: readonly T[]): { images: readonly T[]; made: Counted | null } {
  const named = images.filter(({ path }) => MADE_FILE.test(path.slice(path.lastIndexOf("/") + 1)));
  if (named.length === 0) return { images, made: null };
  const stems = new Set(images.map(({ path }) => path.replace(/\.\w+$/, "")));
  const made = named.filter(({ path }) => {
    const start = path.lastIndexOf("/") + 1;
    return stems.has(path.slice(0, start) + MADE_FILE.exec(path.slice(start))![1]!);
  });
  if (made.length === 0) return { images, made: null };
  const taken = new Set(made);
  return {
    images: images.filter((image) => !taken.has(image)),
    made: { count: made.length, example: made[0]!.path },
  };
}
