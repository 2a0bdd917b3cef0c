// A folder to a list of images: splits, class folders, or any tree of unlabelled images; layouts.ts says which.
// A class is its folder's name, the same in every shard and split; a label is never a position within one shard.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../base/errors.ts";
import { readRegular } from "../base/files.ts";
import type { ImageSource } from "../base/native.ts";
import { counted } from "../base/text.ts";
import { nearlySame } from "./class-names.ts";
import type { Input, Tile } from "./input.ts";
import type { Draw } from "./labels-file.ts";
import { type Arranged, arrange, type Found } from "./layouts.ts";
import { leftAsideOf } from "./left-aside.ts";
import { refuseOther } from "./no-folder.ts";
import type { Layout, LeftAside, SavedHoldOut } from "./reading.ts";
import { roleOf } from "./split-names.ts";
import { IMAGE_EXTENSIONS, type ImageFile, type Walked, walk } from "./walk.ts";

export type { Layout, LeftAside, SavedHoldOut } from "./reading.ts";

/** An image: `path` is relative to the root, with `/` between its parts; `label` indexes `classes`, −1 without a label. */
export interface Item {
  /** Relative to the root, with `/` between its parts. */
  path: string;
  /** Index of its class, −1 without one. */
  label: number;
  /** Its number in a source that is no folder. */
  at?: number;
  /** The part of the file that it is, where images are cut into tiles; then several items have one path. */
  tile?: Tile;
  /** How it came to its label, where that is known: drawn at random from all images, or chosen to cover them, and then scores leave it out. */
  draw?: Draw;
}

/** The images to train on, or those held out. */
export interface Split {
  /** Which of the two it is. */
  name: "train" | "val";
  /** What the items' paths are relative to. */
  root: string;
  /** Its images, in order. */
  items: Item[];
  /** How samples become the network's input; by default as photographs. */
  input?: Input;
  /** Hands out the images of items where they are no files `root/path`; see `imagesOf`. */
  load?: (items: readonly Item[]) => Promise<ImageSource[]>;
  /**
   * The order of an epoch, where a source reads some orders much faster than others; by default any permutation. It is asked
   * of the split itself (`split.order(…)`), so that a part of a split, with other items, has its own.
   */
  order?: (this: Split, seed: number, epoch: number) => Uint32Array;
  /**
   * Up to `count` of its images, where reading some brings others with them: few enough together that it takes no more than 48 MB.
   * By default any images cost the same; see `sample.ts`.
   */
  sample?: (this: Split, count: number, seed: number) => Split;
  /** The number of the block that is read for an image, with all others in it; by default each is read by itself. */
  blockOf?: (item: Item) => number;
}

/** A class: its folder's name, and what people call it. */
export interface ClassName {
  /** Its folder's name, or what else tells it apart. */
  id: string;
  /** What people call it; the id where there is no other. */
  name: string;
}

/** What training does not see. */
export interface HeldOut extends SavedHoldOut {
  /** The images themselves. */
  split: Split;
}

/** Images of a source, and their classes. */
export interface Dataset {
  /** As it was given. */
  root: string;
  /** How it was understood. */
  layout: Layout;
  /** Images to train on. */
  train: Split;
  /** Images held out; null where the source has none. */
  val: Split | null;
  /** The file that its labels are of; absent: they are its own. */
  labelsFile?: string;
  /** What training does not see of images that have neither labels nor val; absent: nothing. See `hold-out.ts`. */
  heldOut?: HeldOut;
  /** The classes in the order of the labels; none where there are no labels. */
  classes: ClassName[];
  /** What lies there and is not read; see `understood.ts`. Absent: nothing. */
  leftAside?: LeftAside[];
  /** How it was understood where another reading is plausible, and how to get that; a sentence each. */
  readings?: string[];
  /**
   * Changes when an image is added, removed, renamed or of another number of bytes. Neither times nor pixels count, so that a copy
   * of a folder is the same data: an image replaced by one of exactly as many bytes is not noticed.
   */
  fingerprint: string;
  /** How epochs are ordered, where that is another order than the first versions had. */
  order?: "by pages";
}

/**
 * Finds the images of a folder and their classes.
 *
 * @throws {UserError} where there is no such folder, it cannot be listed, or it holds no images
 */
export function openFolder(root: string): Dataset {
  refuseOther(root);
  const { walked, arranged } = survey(root);
  const { layout, base, train, val } = arranged;
  const aside = leftAsideOf(root, walked, arranged);
  if (train.length === 0) throw new UserError(`Expected images (${extensions()}) in ${root}, found ${instead(aside)}`);

  const names = readNames(root, base);
  const classes = classesOf([...train, ...val], names);
  const split = (name: Split["name"], files: Found[]): Split => ({
    name,
    root,
    items: files.map(({ path, id }) => ({ path, label: id === null ? -1 : classes.labels.get(id)! })),
  });
  const readings = [
    ...arranged.readings,
    ...nearlySame(classes.list, "rename one folder"),
    ...emptyFiles([...train, ...val]),
  ];
  return {
    root,
    layout,
    train: split("train", train),
    val: val.length > 0 ? split("val", val) : null,
    classes: classes.list,
    ...(aside.length > 0 && { leftAside: aside }),
    ...(readings.length > 0 && { readings }),
    fingerprint: fingerprint([...train, ...val]),
  };
}

/** What lies in a folder, and how that is understood. */
function survey(root: string): { walked: Walked; arranged: Arranged } {
  const together = walk(root, "");
  let walked = together;
  let arranged = arrange(root, together);
  const isTop = (path: string) => !path.includes("/");
  if (together.again.length > 0) {
    // A split may be a link to what another holds: each is listed by itself.
    const names = [...together.folders, ...together.again].filter(isTop);
    const parts = names.flatMap((name) => walk(root, name).images);
    const images = [...together.images.filter(({ path }) => isTop(path)), ...parts].sort((a, b) =>
      a.path < b.path ? -1 : 1,
    );
    const apart = { ...together, images };
    const other = arrange(root, apart);
    if (SPLITS.has(other.layout) && other.base === "") [walked, arranged] = [apart, other];
  }
  const start = arranged.base === "" ? 0 : arranged.base.length + 1;
  const isUsed = (folder: string) => {
    const name = folder.slice(start).split("/")[0]!;
    return !SPLITS.has(arranged.layout) || /^(train|val)\.\w+$/i.test(name) || roleOf(name) !== null;
  };
  const closed = walked.closed.find(({ folder }) => isUsed(folder));
  if (closed) throw closed.error;
  return { walked, arranged };
}

const SPLITS: ReadonlySet<Layout> = new Set(["imagenet-100", "train-val"]);

/** One spelling of a class's name: a letter with its accent is one character or two, by the system that wrote it. */
function sameName(id: string): string {
  return id.normalize("NFC");
}

/** Classes in the order of their folders' names, each spelling once. */
function classesOf(files: readonly Found[], names: ReadonlyMap<string, string>) {
  const written = new Set<string>();
  for (const { id } of files) if (id !== null) written.add(id);
  const spellings = new Map<string, Set<string>>();
  for (const id of written) {
    const name = sameName(id);
    const found = spellings.get(name);
    if (found) found.add(id);
    else spellings.set(name, new Set([id]));
  }
  const ids = [...spellings].map(([name, all]) => (all.size === 1 ? [...all][0]! : name)).sort();
  return {
    list: ids.map((id) => ({ id, name: names.get(sameName(id)) ?? id })),
    // By each spelling, as it is written.
    labels: new Map(ids.flatMap((id, label) => [...spellings.get(sameName(id))!].map((one) => [one, label] as const))),
  };
}

function emptyFiles(files: readonly Found[]): string[] {
  const empty = files.filter(({ size }) => size === 0);
  if (empty.length === 0) return [];
  return [
    `${counted(empty.length, "file")} of 0 bytes ${empty.length === 1 ? "is" : "are"} passed over (${empty[0]!.path})`,
  ];
}

/** Classes that only one of two splits has: a probe fitted on the one cannot answer for the other. */
export function classMismatch(dataset: Pick<Dataset, "classes">, train: Split, val: Split) {
  const used = (split: Split) => new Set(split.items.map(({ label }) => label));
  const [inTrain, inVal] = [used(train), used(val)];
  const only = (here: Set<number>, there: Set<number>) =>
    dataset.classes.filter((_, label) => here.has(label) && !there.has(label));
  return { onlyTrain: only(inTrain, inVal), onlyVal: only(inVal, inTrain) };
}

function extensions(): string {
  return [...IMAGE_EXTENSIONS].join(", ");
}

/** Kinds of files that may name images. */
const LISTS = /^\.(csv|tsv|lst)$/;

/** Which files there are instead of images. */
function instead(aside: readonly LeftAside[]): string {
  if (aside.length === 0) return "no files at all";
  const most = aside.slice(0, 4).map(({ what, count, ...one }) => {
    const hint = one.hint ?? (LISTS.test(what) ? "give such a list itself as DATA" : undefined);
    return `${count} ${what}${hint ? ` (${hint})` : ""}`;
  });
  return `none, but ${most.join(", ")}`;
}

/** `Labels.json`: folder names to what people call the class. */
function readNames(root: string, base: string): Map<string, string> {
  const path = [join(root, base, "Labels.json"), join(root, "Labels.json")].find((one) => existsSync(one));
  if (path === undefined) return new Map();
  const bytes = readRegular(path);
  let content: unknown;
  try {
    content = JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    throw new UserError(`Expected JSON in ${path}: ${error instanceof Error ? error.message : error}`);
  }
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    throw new UserError(
      `Expected an object of class names by folder name in ${path}, got ${JSON.stringify(content).slice(0, 40)}`,
    );
  }
  return new Map(Object.entries(content).map(([id, name]) => [sameName(id), String(name)]));
}

function fingerprint(files: ImageFile[]): string {
  const hash = createHash("sha256");
  // A call for each would cost more than the digest.
  for (let start = 0; start < files.length; start += 256) {
    const some = files.slice(start, start + 256).map(({ path, size }) => `${path}\0${size}\n`);
    hash.update(some.join(""));
  }
  return hash.digest("hex").slice(0, 16);
}
