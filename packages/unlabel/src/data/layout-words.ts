// How a layout is told: which folders were taken for what, and how to get another reading.
import { resolve } from "node:path";
import { shellWord } from "../base/shell.ts";
import { type Level, levelOf } from "./levels.ts";
import { isGeneric, roleOf } from "./split-names.ts";

/** Links are followed: a folder of them is train and test alone. */
export function scoreOn(root: string, { base }: Level, names: readonly string[]): string {
  const paths = names.map((name) => shellWord(resolve(root, base, name)));
  return `mkdir SCORED && ln -s ${paths.join(" ")} SCORED, then evaluate RUN --data SCORED`;
}

export function whyUnlabelled(root: string, { base, folders, loose }: Level): string[] {
  if (folders.size === 0) return [];
  for (const [name, images] of folders) {
    const inner = levelOf(images, name);
    const split = [...inner.folders.keys()].find((one) => roleOf(one)?.role === "train");
    if (split !== undefined && folders.size > 1)
      return [`no labels: folders lie beside ${name}/; for its splits, give that as DATA`];
  }
  if (folders.size === 1)
    return loose.length === 0 ? ["no labels: all images lie in one folder, which is no class"] : [];
  if (loose.length > 0) return ["no labels: many images lie beside the folders; class folders are DATA/CLASS/IMAGE"];
  const image = [...folders.values()][0]![0]!.path;
  return [
    `no labels: the folders hold folders; class folders are DATA/CLASS/IMAGE; for the folders that images lie in as classes: ${listOf(root, base, [...folders.keys()], image, false)}`,
  ];
}

/** Class folders in a split that hold no images themselves: which level holds the classes, only their owner knows. */
export function deepClasses(
  root: string,
  { base }: Level,
  splits: readonly string[],
  images: readonly { path: string; id: string | null }[],
): string[] {
  const start = base === "" ? 0 : base.length + 1;
  const within = images.filter(({ id }) => id !== null);
  const deep = within.filter(({ path, id }) => {
    // Below the class, which may lie within train/images/.
    const folders = path.slice(start).split("/").slice(1, -1);
    return folders.length > folders.indexOf(id!) + 1;
  });
  const inner = new Set(deep.map(({ path }) => path.split("/").at(-2)!));
  const outer = [...new Set(within.map(({ id }) => id!))];
  // n01440764/images/ says no more than n01440764/.
  if (2 * deep.length <= within.length || inner.size <= outer.length || [...inner].every(isGeneric)) return [];
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
