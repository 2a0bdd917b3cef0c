// What every source that is no folder has in common: samples with labels and splits become a data set.
import { createHash } from "node:crypto";
import { UserError } from "../../base/errors.ts";
import type { ClassName, Dataset, Item, Layout, Split } from "../folder.ts";

export type Part = "train" | "val" | "test";

/** One image of a source. */
export interface Sample {
  /** For people: where it lies, such as `shard-000.tar/dog.jpg`. It is never opened. */
  path: string;
  /** The class's id, or null without one. */
  label: string | null;
  /** The split that it belongs to, or null where nothing says so. */
  part: Part | null;
  /** In bytes, where that is known; a change changes the fingerprint. */
  size?: number;
}

export interface Source {
  root: string;
  layout: Layout;
  /** `Item.at` is an image's place in this list. */
  samples: readonly Sample[];
  /** All classes in the order of their labels, where the source says so; by default those that occur, sorted. */
  classes?: readonly ClassName[];
  /** What else tells this data from other data, such as a checksum of its bytes. */
  content?: string;
  load: NonNullable<Split["load"]>;
  order?: Split["order"];
  sample?: Split["sample"];
  blockOf?: Split["blockOf"];
}

const WORDS: [Part, RegExp][] = [
  ["train", /(^|[^a-z])train(ing)?([^a-z]|$)/i],
  ["val", /(^|[^a-z])(val|valid|validation)([^a-z]|$)/i],
  ["test", /(^|[^a-z])test(ing)?([^a-z]|$)/i],
];

/** The split that a path speaks of: its file's name before its folders' (`train/000.tar`, `val-000.tar`). */
export function partOf(path: string): Part | null {
  for (const name of path.split("/").reverse()) {
    const found = WORDS.find(([, word]) => word.test(name));
    if (found) return found[0];
  }
  return null;
}

/** @throws {UserError} where there are no samples */
export function assemble(given: Source): Dataset {
  const { root, layout, samples, content = "", load, order, sample, blockOf, ...source } = given;
  if (samples.length === 0) throw new UserError(`Expected images in ${root}, found none`);
  const classes = source.classes ?? classesOf(samples);
  const labels = new Map(classes.map(({ id }, label) => [id, label]));
  const items = { train: [] as Item[], val: [] as Item[], test: [] as Item[] };
  const hash = createHash("sha256").update(`${content}\n`);
  for (const [at, { path, label, part, size }] of samples.entries()) {
    items[part ?? "train"].push({ path, label: label === null ? -1 : (labels.get(label) ?? -1), at });
    hash.update(`${path}\0${size ?? ""}\0${label ?? ""}\n`);
  }
  // A test split stands in for a validation split that is not there. What is alone is all there is to train on.
  const held = [items.val, items.test].filter((some) => some.length > 0);
  const train = items.train.length > 0 ? items.train : held.shift()!;
  const val = held[0];
  const split = (name: Split["name"], some: Item[]): Split => ({
    name,
    root,
    items: some,
    load,
    ...(order && { order }),
    ...(sample && { sample }),
    ...(blockOf && { blockOf }),
  });
  return {
    root,
    layout,
    train: split("train", train),
    val: val ? split("val", val) : null,
    classes: [...classes],
    fingerprint: hash.digest("hex").slice(0, 16),
  };
}

/** Names in alphabetical order, as folders have it; numbers in theirs. */
function classesOf(samples: readonly Sample[]): ClassName[] {
  const ids = new Set<string>();
  for (const { label } of samples) if (label !== null) ids.add(label);
  const sorted = [...ids].sort();
  if (sorted.every((id) => /^\d+$/.test(id))) sorted.sort((a, b) => Number(a) - Number(b));
  return sorted.map((id) => ({ id, name: id }));
}
