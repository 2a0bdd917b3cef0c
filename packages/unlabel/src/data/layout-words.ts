// How a layout is told: which folders were taken for what, and how to get another reading.
import { resolve } from "node:path";
import { shellWord } from "../base/shell.ts";
import { type Level, levelOf, within } from "./levels.ts";
import { areParts, isGeneric, roleOf } from "./split-names.ts";

/** Folders around the one that holds classes or splits. */
export const MOST_WRAPPED = 4;

/** Links are followed: a folder of them is train and test alone. */
export function scoreOn(root: string, { base }: Level, names: readonly string[]): string {
  const paths = names.map((name) => shellWord(resolve(root, base, name)));
  return `mkdir SCORED && ln -s ${paths.join(" ")} SCORED, then evaluate RUN --data SCORED`;
}

export function whyUnlabelled(root: string, { base, folders, loose }: Level): string[] {
  if (folders.size === 0) return classesInNames(root, [base === "" ? "." : base], loose);
  for (const [name, images] of folders) {
    const inner = levelOf(images, name);
    const split = [...inner.folders.keys()].find((one) => roleOf(one)?.role === "train");
    if (split !== undefined && folders.size > 1)
      return [`no labels: folders lie beside ${name}/; for its splits, give that as DATA`];
  }
  if (folders.size === 1 && loose.length === 0) {
    const images = [...folders.values()][0]!;
    let inner = levelOf(images, within(base, [...folders.keys()][0]!));
    while (inner.loose.length === 0 && inner.folders.size === 1)
      inner = levelOf(images, within(inner.base, [...inner.folders.keys()][0]!));
    if (inner.folders.size < 2)
      return [
        "no labels: all images lie in one folder, which is no class",
        ...classesInNames(root, [inner.base], images),
      ];
    if (inner.base.split("/").length <= MOST_WRAPPED) return whyUnlabelled(root, inner);
    const place = shellWord(resolve(root, inner.base));
    return [`no labels: the folders that tell anything lie deep within; give ${place} as DATA`];
  }
  if (folders.size === 1) return [];
  if (areParts([...folders.keys()])) {
    const [first, second] = [...folders.keys()].sort();
    return [
      `no labels: ${first}/, ${second}/${folders.size > 2 ? " and so on" : ""} are parts of one set by their names; as classes, rename them`,
    ];
  }
  if (loose.length > 0) return ["no labels: many images lie beside the folders; class folders are DATA/CLASS/IMAGE"];
  const image = [...folders.values()][0]![0]!.path;
  return [
    `no labels: the folders hold folders; class folders are DATA/CLASS/IMAGE; for the folders that images lie in as classes: ${listOf(root, base, [...folders.keys()], image, false)}`,
  ];
}

/** What cameras and programs call images. */
const NO_NAME =
  /^(img|dscn?|dscf|pxl|mvimg|p|image|images|img[-_]?\w?|photo|pic|picture|frame|screenshot|whatsapp image|scan|file|sample|train|test|val|[a-f]?)$/i;

/** `cat.0.jpg`, `Abyssinian_12.jpg`: what names begin with may be the classes. */
export function classesInNames(
  root: string,
  folders: readonly string[],
  images: readonly { path: string }[],
): string[] {
  const groups = new Map<string, number>();
  for (const { path } of images) {
    const [, name] =
      /^(.*?[A-Za-z])[^A-Za-z]*\d[^A-Za-z]*\.[A-Za-z]+$/.exec(path.slice(path.lastIndexOf("/") + 1)) ?? [];
    if (name === undefined || NO_NAME.test(name)) return [];
    groups.set(name, (groups.get(name) ?? 0) + 1);
  }
  if (groups.size < 2 || 4 * groups.size > images.length) return [];
  const [first, second] = [...groups.keys()];
  const kind = images[0]!.path.slice(images[0]!.path.lastIndexOf("."));
  const awk = `awk -F/ -v OFS='\\t' 'BEGIN { print "path\\tlabel" } { n = $NF; sub(/[^A-Za-z]*[0-9][^A-Za-z]*[.][A-Za-z]+$/, "", n); print $0, n }'`;
  return [
    `names of images begin with ${groups.size} words (${first}, ${second}${groups.size > 2 ? ", …" : ""}); if these are classes: cd ${shellWord(resolve(root))} && find -L ${folders.map((name) => shellWord(`./${name}`)).join(" ")} -iname '*${kind}' | sort | ${awk} > list.tsv, then give list.tsv as DATA`,
  ];
}

/** The name of the folder that a file lies in. */
function folderOf(path: string): string {
  const end = path.lastIndexOf("/");
  return path.slice(path.lastIndexOf("/", end - 1) + 1, end);
}

/** Class folders in a split that hold no images themselves: which level holds the classes, only their owner knows. */
export function deepClasses(
  root: string,
  { base }: Level,
  splits: readonly string[],
  images: readonly { path: string; id: string | null }[],
): string[] {
  const start = base === "" ? 0 : base.length + 1;
  const labelled = images.filter(({ id }) => id !== null);
  // Below the class, which may lie within train/images/.
  const deep = labelled.filter(({ path, id }) => {
    const at = path.indexOf(`/${id}/`, start);
    return path.indexOf("/", at + id!.length + 2) >= 0;
  });
  const inner = new Set(deep.map(({ path }) => folderOf(path)));
  const outer = [...new Set(labelled.map(({ id }) => id!))];
  // n01440764/images/ says no more than n01440764/.
  if (2 * deep.length <= labelled.length || inner.size <= outer.length || [...inner].every(isGeneric)) return [];
  const shown = outer.length > 3 ? `${outer.slice(0, 3).join(", ")}, …` : outer.join(", ");
  const command = listOf(root, base, splits, deep[0]!.path, true);
  return [
    `classes are the outermost folders (${shown}), not those that the images lie in (${[...inner][0]}, …); for these: ${command}`,
  ];
}

/** Writes a list in which each image is of the class that its own folder names. */
function listOf(root: string, base: string, names: readonly string[], image: string, areSplits: boolean): string {
  const kind = image.slice(image.lastIndexOf("."));
  const words = names.length > 3 && !areSplits ? "./*" : names.map((name) => shellWord(`./${name}`)).join(" ");
  const head = areSplits ? "path\\tlabel\\tsplit" : "path\\tlabel";
  const row = areSplits ? "$0, $(NF-1), $2" : "$0, $(NF-1)";
  const awk = `awk -F/ -v OFS='\\t' 'BEGIN { print "${head}" } { print ${row} }'`;
  return `cd ${shellWord(resolve(root, base))} && find -L ${words} -iname '*${kind}' | sort | ${awk} > list.tsv, then give list.tsv as DATA`;
}

export function calledOtherwise(train: readonly string[], val: readonly string[]): string[] {
  const told = [
    ...(String(train) === "train" ? [] : [`train is ${slashed(train)}`]),
    ...(val.length === 0 || String(val) === "val" ? [] : [`val is ${slashed(val)}`]),
  ];
  return told.length > 0 ? [told.join(", ")] : [];
}

export function trainedToo(names: readonly string[]): string[] {
  return names.map((name) => `${name}/ is trained on too, without labels; move it elsewhere to leave it out`);
}

export function slashed(names: readonly string[]): string {
  return names.map((name) => `${name}/`).join(" + ");
}
