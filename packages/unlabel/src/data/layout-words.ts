// How a layout is told: which folders were taken for what, and how to get another reading.
import { resolve } from "node:path";
import { shellWord } from "../base/shell.ts";
import { type Level, levelOf } from "./levels.ts";
import { roleOf } from "./split-names.ts";

/** Beside images/, what was made for each of them. */
const TARGETS = /^(masks?|labels?|annotations?|segmentation\w*|segs?|gts?|ground_?truths?|depths?|targets?|trimaps?)$/i;

/** Links are followed: a folder of them is train and test alone. */
export function scoreOn(root: string, { base }: Level, names: readonly string[]): string {
  const paths = names.map((name) => shellWord(resolve(root, base, name)));
  return `mkdir SCORED && ln -s ${paths.join(" ")} SCORED, then evaluate RUN --data SCORED`;
}

/** Masks and the like beside images are pictures as well. */
export function targetsAmong(ids: readonly (string | null)[]): string[] {
  const names = [...new Set(ids.filter((id) => id !== null))];
  const targets = names.filter((name) => TARGETS.test(name));
  const images = names.filter((name) => /^(images?|imgs?|jpegimages|rgb|pictures|photos)$/i.test(name));
  if (targets.length === 0 || images.length === 0) return [];
  return [`${images[0]}/ and ${targets[0]}/ are taken for classes; to train on ${images[0]}/ alone, give it as DATA`];
}

export function whyUnlabelled({ folders, loose }: Level): string[] {
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
  return [
    "no labels: the folders hold folders; class folders are DATA/CLASS/IMAGE, or give a list of files with labels",
  ];
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
