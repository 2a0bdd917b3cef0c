// Which images a classifier is fitted on and which it is scored on, and whether the one can answer for the other.

import { UserError } from "../base/errors.ts";
import { Rng } from "../base/rng.ts";
import { counted } from "../base/text.ts";
import { classMismatch, type Dataset, type Split } from "../data/folder.ts";
import { filesOf } from "../data/sample.ts";
import { halfOfDrawn, knowsDraws } from "./drawn-labels.ts";

export interface ProbeSplits {
  train: Split;
  val: Split;
  /** Of the draw of what is held out of train to score on; null where `val` is a split of its own. */
  seed: number | null;
  /** What people should know about how these came to be. */
  notes: string[];
}

/**
 * The labelled images of a data set to fit and to score on. Without a labelled `val`, a stratified fifth of `train` is
 * kept for scoring, the same for every run with this seed; half of those drawn at random, where labels say how their images were chosen.
 *
 * @throws {UserError} where there are no labels or only one class, or classes of `val` are missing in `train` and `allowMismatch` is not set
 */
export function probeSplits(data: Dataset, seed: number, allowMismatch = false): ProbeSplits {
  const train = labelled(data.train);
  const val = data.val && labelled(data.val);
  if (train.items.length === 0) {
    throw new UserError(
      `Expected labels to evaluate with, as in train/CLASS/image.jpg, got images without class folders in ${data.root}`,
    );
  }
  const [first, ...others] = new Set([...train.items, ...(val?.items ?? [])].map(({ label }) => label));
  if (others.length === 0) {
    const { name } = data.classes[first!]!;
    throw new UserError(
      `Expected two classes or more to tell apart in ${data.root}, got ${name} alone; add a class folder`,
    );
  }
  const notes: string[] = [];
  for (const [all, kept] of [[data.train, train] as const, [data.val, val] as const]) {
    const lost = (all?.items.length ?? 0) - (kept?.items.length ?? 0);
    if (lost > 0)
      notes.push(
        `${counted(lost, "image")} of ${all?.name} ${lost === 1 ? "has" : "have"} no class and ${lost === 1 ? "is" : "are"} left out`,
      );
  }
  if ((val === null || val.items.length === 0) && knowsDraws(train)) {
    const { rest, held, notes: how } = halfOfDrawn(train, seed);
    const part = (indices: number[]) => indices.map((i) => train.items[i]!);
    const test = part(held);
    notes.push(...how, ...ofTiles(test));
    return { train: { ...train, items: part(rest) }, val: { ...train, name: "val", items: test }, seed, notes };
  }
  if (val === null || val.items.length === 0) {
    const [rest, held] = stratified(
      train.items.map(({ label }) => label),
      0.2,
      seed,
      0,
      filesOf(train.items),
    );
    const isCut = train.items.some(({ tile }) => tile !== undefined);
    if (held.length === 0)
      throw new UserError(
        `Expected two ${isCut ? "files" : "images"} or more of some class in ${data.labelsFile ?? data.root}, got ${counted(train.items.length, "label")} of as many classes; labels are names of classes, of which each has several images`,
      );
    const what = isCut ? `${held.length} tiles, all of a file together` : `${held.length} images`;
    notes.push(
      `${data.root} has no labelled val split: a fifth of train (${what}, stratified) is held out to score on; pretraining may have seen them, without labels`,
    );
    const part = (indices: number[]) => indices.map((i) => train.items[i]!);
    const test = part(held);
    notes.push(...ofTiles(test));
    return { train: { ...train, items: part(rest) }, val: { ...train, name: "val", items: test }, seed, notes };
  }
  const { onlyTrain, onlyVal } = classMismatch(data, train, val);
  if (onlyVal.length > 0) {
    const missing = new Set(onlyVal);
    const within = val.items.filter(({ label }) => !missing.has(data.classes[label]!)).length;
    const inVal = data.classes.length - onlyTrain.length;
    const text = `train has ${inVal - onlyVal.length} of the ${inVal} classes in val: a probe cannot exceed ${(
      (100 * within) / val.items.length
    ).toFixed(1)} %`;
    const names = listed(onlyVal.map(({ id }) => id));
    if (!allowMismatch) {
      throw new UserError(
        `Expected every class of val in train of ${data.root}, but ${text}. Missing: ${names}. Add their images to train, or go on with --allow-class-mismatch`,
      );
    }
    notes.push(`${text} (missing: ${names})`);
  }
  if (onlyTrain.length > 0) notes.push(`val has no images of ${listed(onlyTrain.map(({ id }) => id))}`);
  if (knowsDraws(val))
    notes.push(`scores are of the ${counted(val.items.length, "label")} of val's images drawn at random`);
  notes.push(...ofTiles(val.items));
  return { train, val, seed: null, notes };
}

/** What intervals come from where test images are tiles: of few files they say little. */
function ofTiles(items: Split["items"]): string[] {
  const files = filesOf(items);
  if (files === undefined) return [];
  const count = new Set(files).size;
  return count === 1
    ? [
        "all test images are tiles of one file: nothing tells how far scores could lie elsewhere, and intervals are too narrow",
      ]
    : [`test images are tiles of ${count} files: intervals come from drawing whole files`];
}

/**
 * Splits indices in two, taking `share` of each class (rounded; at least one of a class of two or more) for the second part.
 * Another `round` takes others.
 *
 * @param files the file that each is a part of, where several are of one: then files are drawn, by the label of their first part, and
 * a file's parts stay together; by default each is a file by itself
 */
export function stratified(
  labels: ArrayLike<number>,
  share: number,
  seed: number,
  round = 0,
  files?: ArrayLike<number>,
): [rest: number[], held: number[]] {
  const all = Array.from({ length: labels.length }, (_, i) => i);
  const fileOf = (i: number) => files?.[i] ?? i;
  // The place of each file's first part stands for the file.
  const firsts = new Map<number, number>();
  for (const i of all) if (!firsts.has(fileOf(i))) firsts.set(fileOf(i), i);
  const places = [...firsts.values()];
  const drawn = drawEach(
    places.map((i) => labels[i]!),
    (count) => (count < 2 ? 0 : Math.max(1, Math.round(share * count))),
    seed,
    "held out",
    round,
  );
  const held = new Set(drawn.map((place) => fileOf(places[place]!)));
  return [all.filter((i) => !held.has(fileOf(i))), all.filter((i) => held.has(fileOf(i)))];
}

/** Indices of `share` of each class (rounded; at least one), in order. Another `round` takes others. */
export function drawShare(labels: ArrayLike<number>, share: number, seed: number, round = 0): number[] {
  return drawEach(labels, (count) => Math.max(1, Math.round(share * count)), seed, "few labels", round);
}

/** Of each class as many as `take` says of its number of images, drawn without replacement; in order. */
export function drawEach(
  labels: ArrayLike<number>,
  take: (count: number, label: number) => number,
  seed: number,
  stream: string,
  round = 0,
): number[] {
  const members = new Map<number, number[]>();
  for (let i = 0; i < labels.length; i++) {
    const found = members.get(labels[i]!);
    if (found) found.push(i);
    else members.set(labels[i]!, [i]);
  }
  const drawn: number[] = [];
  for (const [label, indices] of members) {
    const rng = new Rng(seed, stream, round, label);
    const wanted = Math.min(take(indices.length, label), indices.length);
    for (let k = 0; k < wanted; k++) {
      const j = k + rng.below(indices.length - k);
      drawn.push(indices[j]!);
      indices[j] = indices[k]!;
    }
  }
  return drawn.sort((a, b) => a - b);
}

function labelled(split: Split): Split {
  return { ...split, items: split.items.filter(({ label }) => label >= 0) };
}

function listed(names: string[]): string {
  return names.length <= 6 ? names.join(", ") : `${names.slice(0, 5).join(", ")} and ${names.length - 5} more`;
}
