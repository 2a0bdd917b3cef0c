// How a folder of images is understood: splits, class folders, or neither. A name alone decides nothing: a folder called train among
// class folders is a class, and among splits a split. docs/data.md has a line for each layout.
import { UserError } from "../base/errors.ts";
import {
  type Arranged,
  aside,
  beside,
  type Found,
  inBase,
  labelled,
  ranked,
  rolesIn,
  unlabelled,
  withoutLabels,
} from "./arranged.ts";
import { asClasses, asNamedClasses, asParts, asSplitClasses } from "./class-layouts.ts";
import {
  calledOtherwise,
  classesInNames,
  deepClasses,
  MOST_WRAPPED,
  scoreOn,
  slashed,
  trainedToo,
  whyUnlabelled,
} from "./layout-words.ts";
import { directly, isFew, type Level, levelOf, within } from "./levels.ts";
import { imagesAlone } from "./made-of-images.ts";
import { isGeneric, type Named, roleOf } from "./split-names.ts";
import type { ImageFile, Walked } from "./walk.ts";

export type { Arranged, Found } from "./arranged.ts";

const TRAIN_SHARD = /^train\.\w+$/i;
const VAL_SHARD = /^val\.\w+$/i;
/**
 * @param root for commands in hints
 * @throws {UserError} where images to train on are missing beside those held out
 */
export function arrange(root: string, walked: Pick<Walked, "images" | "folders">): Arranged {
  const { images, leftAside } = imagesAlone(walked.images);
  const level = levelOf(images, "");
  const found = understand(root, level, walked.folders, 0);
  if (found) return { ...found, leftAside: [...leftAside, ...found.leftAside] };
  const readings = whyUnlabelled(root, level);
  return { layout: "unlabelled", base: "", train: images.map(unlabelled), val: [], readings, leftAside };
}

function understand(root: string, level: Level, folders: readonly string[], depth: number): Arranged | null {
  const found =
    asShards(level) ??
    asSplits(root, level, folders) ??
    asHeldOutAlone(level) ??
    asNamedClasses(level) ??
    asClasses(level) ??
    asParts(level) ??
    asSplitClasses(level);
  if (found || level.folders.size === 0 || depth === MOST_WRAPPED) return found;
  // All, but for a few, in one folder: what is in it counts, if that is anything.
  const [[name, inside], ...others] = [...level.folders].sort(([, a], [, b]) => b.length - a.length) as [
    [string, ImageFile[]],
    ...[string, ImageFile[]][],
  ];
  const around = level.loose.length + others.reduce((sum, [, { length }]) => sum + length, 0);
  const areFlat = others.every(
    ([other, { length }]) => directly(level.folders.get(other)!, within(level.base, other)) === length,
  );
  if (around > 0 && !(isFew(around, inside.length) && areFlat)) return null;
  const base = within(level.base, name);
  const inner = understand(root, levelOf(inside, base), folders, depth + 1);
  const few = others.map(([other]) => aside(level, other, `few beside ${base}/`));
  return inner && { ...inner, leftAside: [...inner.leftAside, ...few, ...beside(level, "the folder")] };
}

/** `train.X1/ … val.X/`, as ImageNet-100 comes in parts. */
function asShards(level: Level): Arranged | null {
  const names = [...level.folders.keys()].sort();
  const shards = names.filter((name) => TRAIN_SHARD.test(name));
  if (shards.length === 0) return null;
  const held = names.filter((name) => VAL_SHARD.test(name));
  const all = (some: string[]) => some.flatMap((name) => labelled(level.folders.get(name)!, within(level.base, name)));
  const extra = ranked(rolesIn(level), "unlabelled");
  const used = new Set([...shards, ...held, ...extra]);
  const others = names.filter((name) => !used.has(name));
  return {
    layout: "imagenet-100",
    base: level.base,
    train: [...all(shards), ...withoutLabels(level, extra)],
    val: all(held),
    readings: [...inBase(level.base), ...trainedToo(extra)],
    leftAside: [...others.map((name) => aside(level, name, NO_SPLIT)), ...beside(level, "the splits")],
  };
}

const NO_SPLIT = "its name is no split's: move it into train/, val/ or unlabelled/, or give it as DATA";

/** `train/` with what is held out. */
function asSplits(root: string, level: Level, folders: readonly string[]): Arranged | null {
  const named = rolesIn(level);
  const trains = ranked(named, "train");
  refuseEmpty(root, level, named, trains, folders);
  const [train] = trains;
  if (train === undefined || areClasses(level, train, named)) return null;
  const [vals, tests, extra] = [ranked(named, "val"), ranked(named, "test"), ranked(named, "unlabelled")];
  const [trained, held] = [alike(trains), alike(vals.length > 0 ? vals : tests)];
  const label = (names: readonly string[]) =>
    names.flatMap((name) => classesIn(level.folders.get(name)!, within(level.base, name)));
  const used = new Set([...trained, ...held, ...extra]);
  const others = [...level.folders.keys()].filter((name) => !used.has(name)).sort();
  const [training, val] = [label(trained), label(held)];
  const hasNoLabels = [...training, ...val].every(({ id }) => id === null);
  const hint = (name: string) => {
    const isHeldOut = [...vals, ...tests].includes(name);
    if (isHeldOut && hasNoLabels)
      return `${slashed(held)} is held out; to train on these, move them into ${trained[0]}/`;
    if (isHeldOut)
      return `${slashed(held)} is scored on; for scores on this: ${scoreOn(root, level, [...trained, name])}`;
    if (trains.includes(name)) return `${slashed(trained)} is trained on; move the images into it to have both`;
    return NO_SPLIT;
  };
  const isFlat =
    level.folders.size === 2 &&
    [...trained, ...held].length === 2 &&
    [...trained, ...held].every((name) => directly(level.folders.get(name)!, within(level.base, name)) > 0) &&
    hasNoLabels;
  return {
    layout: "train-val",
    base: level.base,
    train: [...training, ...withoutLabels(level, extra)],
    val,
    readings: [
      ...inBase(level.base),
      ...calledOtherwise(trained, held),
      ...trainedToo(extra),
      ...(isFlat
        ? [
            `${slashed(trained)} and ${slashed(held)} hold no class folders: they are splits without labels; as classes, rename one`,
          ]
        : []),
      ...deepClasses(root, level, [...trained, ...held], training),
      ...(hasNoLabels
        ? classesInNames(
            root,
            trained.map((name) => within(level.base, name)),
            training,
          )
        : []),
    ],
    leftAside: [...others.map((name) => aside(level, name, hint(name))), ...beside(level, "the splits")],
  };
}

/** The first, and those whose names differ from its in numbers alone: parts of one split. */
function alike(names: readonly string[]): string[] {
  const shape = (name: string) => name.toLowerCase().replace(/[\d\W_]+/g, "");
  return names.filter((name) => shape(name) === shape(names[0]!)).sort();
}

/** Without train: what is held out first is all that there is to train on. */
function asHeldOutAlone(level: Level): Arranged | null {
  const named = rolesIn(level);
  const held = [...ranked(named, "val"), ...ranked(named, "test")];
  const [first, second, ...rest] = held;
  if (first === undefined || second === undefined || held.length !== level.folders.size) return null;
  if (held.some((name) => !holdsFolders(level, name))) return null;
  const label = (name: string) => classesIn(level.folders.get(name)!, within(level.base, name));
  return {
    layout: "train-val",
    base: level.base,
    train: label(first),
    val: label(second),
    readings: [...inBase(level.base), `there is no train/: train is ${first}/, val is ${second}/`],
    leftAside: [...rest.map((name) => aside(level, name)), ...beside(level, "the splits")],
  };
}

/** Whether a folder called train is a class: it holds images, as folders beside it do whose names are no splits'. */
function areClasses(level: Level, train: string, named: ReadonlyMap<string, Named | null>): boolean {
  if (holdsFolders(level, train)) return false;
  const others = [...named].filter(([name]) => name !== train);
  const classLike = others.filter(
    ([name, role]) => role === null && directly(level.folders.get(name)!, within(level.base, name)) > 0,
  );
  // One folder beside train/ and val/ is something else; several are classes.
  const splits = others.filter(([, role]) => role !== null).length;
  return classLike.length > (splits > 0 ? 1 : 0);
}

/** Whether most images of a folder lie in folders of their own. */
function holdsFolders(level: Level, name: string): boolean {
  const images = level.folders.get(name)!;
  return 2 * directly(images, within(level.base, name)) <= images.length;
}

/** What is held out is not what to train on, only because that is missing. */
function refuseEmpty(
  root: string,
  level: Level,
  named: ReadonlyMap<string, Named | null>,
  trains: readonly string[],
  folders: readonly string[],
): void {
  if (trains.length > 0 || named.size === 0 || [...named.values()].some((role) => role === null)) return;
  const start = level.base === "" ? "" : `${level.base}/`;
  const empty = folders.find((path) => {
    const name = path.slice(start.length);
    return path.startsWith(start) && !name.includes("/") && roleOf(name)?.role === "train";
  });
  if (empty === undefined) return;
  const others = [...named.keys()].map((name) => `${name}/`).join(" and ");
  throw new UserError(
    `Expected images to train on in ${root}/${empty}, found none that are read, though ${others} beside it has some; see the kinds of files there`,
  );
}

/** The class of an image in a split is the folder there that it lies in; folders around all of them are none. */
function classesIn(images: readonly ImageFile[], split: string): Found[] {
  let inside = split;
  for (let depth = 0; depth < MOST_WRAPPED; depth++) {
    const { folders, loose } = levelOf(images, inside);
    const [only] = folders.keys();
    const isSame = only === inside.slice(inside.lastIndexOf("/") + 1);
    if (loose.length > 0 || folders.size !== 1 || !(isSame || isGeneric(only!))) break;
    inside = within(inside, only!);
  }
  return labelled(images, inside);
}
