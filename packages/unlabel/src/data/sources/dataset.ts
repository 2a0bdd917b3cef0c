// What every source that is no folder has in common: samples with labels and splits become a data set.
import { createHash } from "node:crypto";
import { UserError } from "../../base/errors.ts";
import { counted } from "../../base/text.ts";
import { cleanLabels, doubtsOf } from "../class-names.ts";
import type { ClassName, Dataset, Item, Layout, LeftAside, Split } from "../folder.ts";
import type { Part } from "./splits.ts";

/** Characters that are hashed at once: a call for each image would cost more than the digest. */
const HASHED = 1 << 14;

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
  /** Left out of the splits, as a file that a list names and that is not there; who leaves it out says so. */
  aside?: boolean;
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
  /** See {@link Dataset}. */
  leftAside?: readonly LeftAside[];
  /** See {@link Dataset}. */
  readings?: readonly string[];
}

/** @throws {UserError} where there are no samples */
export function assemble(given: Source): Dataset {
  const { root, layout, samples: written, content = "", load, order, sample, blockOf, ...source } = given;
  const leftAside = [...(given.leftAside ?? [])];
  const readings = [...(given.readings ?? [])];
  if (written.length === 0) throw new UserError(`Expected images in ${root}, found none`);
  const clean = source.classes ? null : cleanLabels(written.map(({ label }) => label));
  const meant = clean?.labels ?? written.map(({ label }) => label);
  const classes = source.classes ?? classesOf(meant);
  const labels = new Map(classes.map(({ id }, label) => [composed(id), label]));
  // Of a million labels a thousand are looked up.
  const known = new Map<string | null, number>([[null, -1]]);
  const labelOf = (id: string | null) => {
    const found = known.get(id) ?? labels.get(composed(id ?? "")) ?? -1;
    known.set(id, found);
    return found;
  };
  const items = { train: [] as Item[], val: [] as Item[], test: [] as Item[] };
  const hash = createHash("sha256").update(`${content}\n`);
  let [unsaid, told] = [0, ""];
  for (const [at, { path, part, size, aside }] of written.entries()) {
    const label = meant[at]!;
    if (!aside) items[part ?? "train"].push({ path, label: labelOf(label), at });
    if (!aside && part === null) unsaid++;
    // A run that began with them had other epochs.
    told += `${path}\0${size ?? ""}\0${label ?? ""}\n${aside ? "aside\n" : ""}`;
    if (told.length < HASHED) continue;
    hash.update(told);
    told = "";
  }
  hash.update(told);
  if (clean) {
    const counts = new Array<number>(classes.length).fill(0);
    for (const { label } of Object.values(items).flat()) if (label >= 0) counts[label]!++;
    readings.push(...clean.readings, ...doubtsOf(classes, counts));
  }
  // A test split stands in for a validation split that is not there. What is alone is all there is to train on.
  const held = [items.val, items.test].filter((some) => some.length > 0);
  const train = items.train.length > 0 ? items.train : held.shift()!;
  const val = held[0];
  const test = held[1];
  if (test)
    leftAside.push({ what: "in the test split", count: test.length, example: test[0]!.path, hint: "val is held out" });
  if (items.train.length === 0) {
    const name = train === items.val ? "val" : "test";
    readings.push(`all images that are trained on are of split ${name}: there is no train`);
  }
  if (unsaid > 0 && unsaid < items.train.length + items.val.length + items.test.length) {
    const first = written.find(({ part, aside }) => part === null && !aside)!;
    readings.push(
      `${counted(unsaid, "image")} of no split ${unsaid === 1 ? "is" : "are"} trained on, such as ${first.path}`,
    );
  }
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
    ...(leftAside.length > 0 && { leftAside }),
    ...(readings.length > 0 && { readings }),
    fingerprint: hash.digest("hex").slice(0, 16),
  };
}

/** An accent is written as a letter of its own on some systems: the class is the same. */
function composed(id: string): string {
  return id.normalize("NFC");
}

/** Names in alphabetical order, as folders have it; numbers in theirs. */
function classesOf(labels: readonly (string | null)[]): ClassName[] {
  const ids = new Set<string>();
  for (const label of new Set(labels)) if (label !== null) ids.add(composed(label));
  const sorted = [...ids].sort();
  if (sorted.every((id) => /^-?\d+(\.\d+)?$/.test(id))) sorted.sort((a, b) => Number(a) - Number(b));
  return sorted.map((id) => ({ id, name: id }));
}
