// How a folder of images is understood: splits, class folders, or neither. A name alone decides nothing: a folder called train among
// class folders is a class, and among splits a split. docs/data.md has a line for each layout.
import { UserError } from "../base/errors.ts";
import { calledOtherwise, deepClasses, scoreOn, slashed, trainedToo, whyUnlabelled } from "./layout-words.ts";
import { directly, isFew, type Level, levelOf, within } from "./levels.ts";
import { withoutMade } from "./made-of-images.ts";
import type { Layout, LeftAside } from "./reading.ts";
import { isGeneric, type Named, type Role, roleOf, rolesOf } from "./split-names.ts";
import type { ImageFile, Walked } from "./walk.ts";

/** An image with its class folder's name, or null where it has none. */
export interface Found extends ImageFile {
  id: string | null;
}

export interface Arranged {
  layout: Layout;
  /** What the classes or splits lie in, relative to the root. */
  base: string;
  train: Found[];
  val: Found[];
  /** How else it might be understood. */
  readings: string[];
  /** Images that are not read. */
  leftAside: LeftAside[];
}

const TRAIN_SHARD = /^train\.\w+$/i;
const VAL_SHARD = /^val\.\w+$/i;
/** Folders around the one that holds classes or splits. */
const MOST_WRAPPED = 4;
/**
 * @param root for commands in hints
 * @throws {UserError} where images to train on are missing beside those held out
 */
export function arrange(root: string, walked: Pick<Walked, "images" | "folders">): Arranged {
  const { images, made } = withoutMade(walked.images);
  const leftAside = [...made].map(([folder, { count, example, beside }]): LeftAside => {
    const hint = `pictures made for those in ${beside}, as its name says; to train on these, give it as DATA`;
    return { what: `in ${folder}`, count, example, hint };
  });
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
    asClasses(level) ??
    asSplitClasses(level);
  if (found || level.folders.size !== 1 || depth === MOST_WRAPPED) return found;
  // All in one folder: what is in it counts, if that is anything.
  const [[name, inside]] = level.folders as unknown as [[string, ImageFile[]]];
  if (!isFew(level.loose.length, inside.length) && level.loose.length > 0) return null;
  const base = within(level.base, name);
  const inner = understand(root, levelOf(inside, base), folders, depth + 1);
  return inner && { ...inner, leftAside: [...inner.leftAside, ...beside(level, "the folder")] };
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

/** Two class folders or more. */
function asClasses(level: Level): Arranged | null {
  const names = [...level.folders.keys()];
  const flat = names.filter((name) => directly(level.folders.get(name)!, within(level.base, name)) > 0);
  // A class may have folders of its own, but folders of folders alone say nothing of classes.
  if (flat.length < 2 || 3 * flat.length < 2 * names.length) return null;
  const inFolders = [...level.folders.values()].reduce((sum, { length }) => sum + length, 0);
  if (!isFew(level.loose.length, inFolders)) return null;
  const without = names.filter((name) => roleOf(name)?.role === "unlabelled" && !/^extra$/i.test(name));
  const classes = names.filter((name) => !without.includes(name));
  if (classes.length < 2) return null;
  const depth = level.base === "" ? 0 : level.base.split("/").length;
  const images = [...level.folders.values()].flat().sort((a, b) => (a.path < b.path ? -1 : 1));
  const like = classes.filter((name) => roleOf(name) !== null).sort();
  return {
    layout: "classes",
    base: level.base,
    train: images.map((image) => {
      const name = image.path.split("/")[depth]!;
      return { ...image, id: without.includes(name) ? null : name };
    }),
    val: [],
    readings: [
      ...inBase(level.base),
      ...(like.length > 0
        ? [
            `${like.map((name) => `${name}/`).join(", ")} ${like.length === 1 ? "is a class" : "are classes"} here, as there are images in the folders beside; a split holds class folders, beside other splits`,
          ]
        : []),
      ...without.map((name) => `${name}/ is trained on without labels`),
    ],
    leftAside: beside(level, "the class folders"),
  };
}

/** `cat/train/ cat/val/ dog/train/ dog/val/`: splits within classes. */
function asSplitClasses(level: Level): Arranged | null {
  const classes = [...level.folders.keys()].sort();
  const inside = classes.map((name) => levelOf(level.folders.get(name)!, within(level.base, name)));
  const roles = inside.map(rolesIn);
  const hasSplits = inside.every(({ base, folders, loose }, i) => {
    const named = [...roles[i]!.values()];
    const areFlat = [...folders].every(([name, images]) => directly(images, within(base, name)) > 0);
    return loose.length === 0 && areFlat && !named.includes(null) && named.some((one) => one?.role === "train");
  });
  const held = [...new Set(roles.flatMap((named) => [...ranked(named, "val"), ...ranked(named, "test")]))];
  if (classes.length < 2 || !hasSplits || held.length === 0) return null;
  const isVal = roles.some((named) => ranked(named, "val").length > 0);
  const of = (role: Role) =>
    inside.flatMap(({ folders }, i) =>
      ranked(roles[i]!, role).flatMap((name) => folders.get(name)!.map((image) => ({ ...image, id: classes[i]! }))),
    );
  const unused = isVal ? of("test") : [];
  const rest: [Found[], string][] = [
    [unused, "in folders of the test split"],
    [of("unlabelled"), "in folders of unlabelled images"],
  ];
  return {
    layout: "train-val",
    base: level.base,
    train: of("train"),
    val: of(isVal ? "val" : "test"),
    readings: [
      ...inBase(level.base),
      `classes are the folders that hold ${slashed([...new Set(roles.flatMap((named) => [...named.keys()]))])}`,
    ],
    leftAside: [
      ...rest.flatMap(([images, what]) => (images[0] ? [{ what, count: images.length, example: images[0].path }] : [])),
      ...beside(level, "the class folders"),
    ],
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

function rolesIn({ folders }: Level): Map<string, Named | null> {
  return rolesOf([...folders.keys()]);
}

function ranked(named: ReadonlyMap<string, Named | null>, role: Role): string[] {
  return [...named]
    .flatMap(([name, found]) => (found?.role === role ? [{ name, rank: found.rank }] : []))
    .sort((a, b) => a.rank - b.rank || (a.name < b.name ? -1 : 1))
    .map(({ name }) => name);
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

function labelled(images: readonly ImageFile[], split: string): Found[] {
  return images.map((image) => {
    const [name, ...rest] = image.path.slice(split.length + 1).split("/");
    return { ...image, id: rest.length > 0 ? name! : null };
  });
}

function withoutLabels({ folders }: Level, names: readonly string[]): Found[] {
  return names.flatMap((name) => folders.get(name)!.map(unlabelled));
}

function unlabelled(image: ImageFile): Found {
  return { ...image, id: null };
}

function inBase(base: string): string[] {
  return base === "" ? [] : [`found in ${base}/`];
}

function aside(level: Level, name: string, hint?: string): LeftAside {
  const images = level.folders.get(name)!;
  const what = `in ${within(level.base, name)}/`;
  return { what, count: images.length, example: images[0]!.path, ...(hint !== undefined && { hint }) };
}

function beside({ loose }: Level, what: string): LeftAside[] {
  const [first] = loose;
  return first ? [{ what: `beside ${what}`, count: loose.length, example: first.path }] : [];
}
