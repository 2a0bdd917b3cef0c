// Five kinds of images for bench `presets`, each a folder with train and val: those that presets were once tuned on are one of them.
import { mkdirSync, symlinkSync } from "node:fs";
import { basename, join, parse, resolve } from "node:path";
import sharp, { type Sharp } from "sharp";
import { buildAnimals } from "unlabel-demo-data";
import { openData } from "../packages/unlabel/src/data/open.ts";
import { smallCopy } from "./small-copy.ts";

/** What makes the images of a set. */
export interface ImageSet {
  name: string;
  /** In a few words, for the table. */
  what: string;
  /** Makes `folder`, or names another that has them. @param images Imagenette, or others with train and val */
  make(images: string, folder: string, quick: boolean): Promise<string>;
}

const FEW = { classes: 5, images: 500 };
const SMALL = 32;

export const SETS: readonly ImageSet[] = [
  { name: "photographs", what: "Imagenette", make: withCounts(async (images) => images) },
  { name: "demo", what: "the demo's images", make: async (_, folder) => demo(folder) },
  {
    name: "tiny",
    what: `Imagenette at ${SMALL} px`,
    make: withCounts(eachImage(`.jpg`, (image) => image.resize(SMALL, SMALL).jpeg({ quality: 92 }))),
  },
  { name: "few", what: `${FEW.images} images of ${FEW.classes} of its classes`, make: withCounts(few) },
  {
    name: "deep",
    what: "Imagenette in one channel of 16 bits",
    make: withCounts(
      eachImage(".png", (image) => image.grayscale().toColourspace("grey16").png({ compressionLevel: 1 })),
    ),
  },
];

async function demo(folder: string): Promise<string> {
  await buildAnimals(folder);
  return folder;
}

type Make = (images: string, folder: string) => Promise<string>;

/** Of a few images where it is only to be tried out. */
function withCounts(make: Make): ImageSet["make"] {
  return async (images, folder, quick) => {
    if (!quick) return make(images, folder);
    return make(await smallCopy(images, `${folder}-few`, { train: 320, val: 80 }), folder);
  };
}

/** Every image of both splits, made anew in class folders. */
function eachImage(extension: string, change: (image: Sharp) => Sharp): Make {
  return async (images, folder) => {
    const { train, val, classes } = await openData(images);
    for (const split of val ? [train, val] : [train]) {
      for (const one of classes) mkdirSync(join(folder, split.name, one.id), { recursive: true });
      await inTurns(split.items, async ({ path, label }) => {
        const to = join(folder, split.name, classes[label]!.id, parse(path).name + extension);
        await change(sharp(join(split.root, path))).toFile(to);
      });
    }
    return folder;
  };
}

/** Some at a time. */
async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (const item of left) await work(item);
    }),
  );
}

/** The first images of the first classes; all of these classes' val. */
async function few(images: string, folder: string): Promise<string> {
  const { train, val, classes } = await openData(images);
  const chosen = classes.slice(0, FEW.classes);
  for (const split of val ? [train, val] : [train]) {
    for (const [label, { id }] of chosen.entries()) {
      const all = split.items.filter((item) => item.label === label);
      mkdirSync(join(folder, split.name, id), { recursive: true });
      const kept = split.name === "train" ? all.slice(0, FEW.images / FEW.classes) : all;
      for (const { path } of kept) symlinkSync(resolve(split.root, path), join(folder, split.name, id, basename(path)));
    }
  }
  return folder;
}
