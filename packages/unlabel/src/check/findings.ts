// From counts to sentences: what should be mended before training or before a score is believed, worst first, and what is good
// to know.

import { classMismatch, type Dataset } from "../data/folder.ts";
import { isOrdinary } from "../data/input.ts";
import { ABOUTS } from "../methods/abouts.ts";
import { presetOf } from "../methods/presets.ts";
import { NEARLY } from "./blank.ts";
import { isDeep, mixture, others } from "./kinds.ts";
import { LONGEST, type Seen, TINY } from "./look.ts";
import type { CheckResult, Finding } from "./result.ts";

type Facts = Omit<CheckResult, "ok" | "findings" | "notes">;

/** Fewer training images of a class than this teach and test nothing. */
const FEW = 10;
/** Fewer images do not fill the batch that preset `auto` makes where it can. */
const BATCH = Math.max(...ABOUTS.map((about) => presetOf(about, "small").batch));
/** Largest class over smallest, from which on accuracy and macro-F1 part. */
const UNEVEN = 10;

/** What is wrong, worst first. */
export function findingsOf(data: Dataset, facts: Facts, seen: readonly Seen[]): Finding[] {
  const { leakage, duplicates, unreadable, images, suspicious } = facts;
  const found: Finding[] = [];
  const add = (kind: Finding["kind"], count: number, text: string) => {
    if (count > 0) found.push({ kind, count, text });
  };
  add("refused", Number(facts.refusal !== null), `training would refuse these images: ${facts.refusal}`);
  const leaked = leakage.exact + leakage.near;
  add(
    "leakage",
    leaked,
    `${leaked} of ${images.val} val images ${are(leaked)} in train, too (${leakage.exact} exactly, ${leakage.near} nearly): scores on val would be too good`,
  );
  const conflicts = duplicates.groups.filter(({ conflict }) => conflict).length;
  add("conflict", conflicts, `${few(conflicts, "image")} ${conflicts === 1 ? "bears" : "bear"} two classes`);
  add(
    "unreadable",
    unreadable.length,
    images.readable === 0
      ? `none of ${few(unreadable.length, "image")} can be read: there is nothing to train on`
      : `${few(unreadable.length, "image")} cannot be read`,
  );
  addKinds(facts, seen, add);
  addClasses(data, facts, add);
  const unreadTrain = unreadable.filter(({ split }) => split === "train").length;
  const trainable = images.train - unreadTrain;
  if (trainable > 0 && trainable < BATCH)
    add(
      "few",
      trainable,
      `only ${few(trainable, "training image")}, fewer than one batch of ${BATCH}: preset auto makes smaller ones, and little is learnt from so few`,
    );
  add(
    "duplicates",
    duplicates.copies,
    `${few(duplicates.copies, "image")} ${duplicates.copies === 1 ? "is a copy of another" : "are copies of others"}, in ${few(duplicates.groups.length, "group")}`,
  );
  const doubted = (start: string) =>
    suspicious.filter(({ reasons }) => reasons.some((one) => one.startsWith(start))).length;
  const misnamed = doubted("named");
  add(
    "misnamed",
    misnamed,
    `${few(misnamed, "file")} ${misnamed === 1 ? "holds" : "hold"} another format than named (read all the same)`,
  );
  const tiny = doubted("only");
  add("tiny", tiny, `${few(tiny, "image")} ${are(tiny)} under ${TINY} px`);
  const thin = doubted("long");
  add("thin", thin, `${few(thin, "image")} ${are(thin)} more than ${LONGEST} times as long as wide`);
  const noun = facts.input.tiles === null ? "image" : "tile";
  const blank = doubted("of one");
  const nearly = doubted("nearly");
  const mend = facts.input.tiles === null ? "" : `: ${leaveOut(facts.input.tiles)}`;
  // Those of 12 bits in 16 are all but black where all 16 count.
  const isDark = facts.input.range !== null || facts.depths.some(({ kind }) => isDeep(kind));
  const range = isDark ? " once the range is applied (other: --set range=LOW,HIGH)" : "";
  add("blank", blank, `${few(blank, noun)} ${are(blank)} of one colour${range}${nearly > 0 ? "" : mend}`);
  add(
    "nearly-blank",
    nearly,
    `${few(nearly, noun)} ${are(nearly)} nearly of one colour (${100 * NEARLY} % of the pixels differ at most)${mend}`,
  );
  return found;
}

/** What to do about empty tiles. */
function leaveOut(tiles: number): string {
  const larger = tiles <= 2048 ? `larger tiles (--set tiles=${2 * tiles}) have fewer of them; ` : "";
  return `they teach little; ${larger}to leave them out, write the others as files of their own`;
}

type Add = (kind: Finding["kind"], count: number, text: string) => void;

/** Photographs of several kinds are read as they should be; of other images, some may not. */
function addKinds({ depths, bands, input, refusal }: Facts, seen: readonly Seen[], add: Add): void {
  // What training refuses has been said, with what to do; these are the files that it is about.
  if (refusal === null && isOrdinary(input)) return;
  const advice = (text: string) => (refusal === null ? `: ${text}` : "");
  if (depths.length > 1) {
    const mend = advice(
      input.range === null
        ? "each is read by all that its type can hold, which may tell them apart; write them as one type"
        : "one range does not fit all; write them as one type, or read each by all that its own can hold: --set range=type",
    );
    add("mixed-depth", others(depths), `files of mixed bit depth, ${mixture(depths)}${mend}`);
  }
  const read = new Set(seen.flatMap((one) => (one.reason === null ? [one.bands] : [])));
  const isLost = seen.some((one) => one.reason !== null && one.bands !== null && !read.has(one.bands));
  if (bands.length > 1 && (isLost || refusal !== null)) {
    const mend = advice(
      "choose bands that all have, as in --set bands=1, or move those of one kind to a folder of their own",
    );
    add("mixed-bands", others(bands), `files of mixed bands, ${mixture(bands)}${mend}`);
  }
}

function addClasses(data: Dataset, { classes, layout }: Facts, add: Add): void {
  if (data.val) {
    const { onlyTrain, onlyVal } = classMismatch(data, data.train, data.val);
    const sides = [
      [onlyTrain, "train"],
      [onlyVal, "val"],
    ] as const;
    for (const [only, split] of sides) {
      add(
        "class-mismatch",
        only.length,
        `${few(only.length, "class")} ${only.length === 1 ? "is" : "are"} in ${split} alone: ${some(only.map(({ name }) => name))}`,
      );
    }
  }
  if (layout !== "unlabelled")
    add("one-class", Number(classes.length === 1), "only one class: a probe needs two or more");
  const trained = classes.filter(({ train }) => train > 0).toSorted((a, b) => a.train - b.train);
  const tiny = trained.filter(({ train }) => train < FEW);
  add(
    "tiny-class",
    tiny.length,
    `${few(tiny.length, "class")} ${tiny.length === 1 ? "has" : "have"} fewer than ${FEW} training images: ${some(tiny.map(({ name, train }) => `${name} ${train}`))}`,
  );
  const [least, most] = [trained[0], trained.at(-1)];
  if (least && most && most.train > UNEVEN * least.train) {
    const times = Math.round(most.train / least.train);
    add(
      "imbalance",
      times,
      `uneven classes: ${most.name} has ${times} times as many images as ${least.name}; look at macro-F1`,
    );
  }
}

/** What is unusual but no fault. */
export function notesOf(facts: Facts, seen: readonly Seen[], found: readonly Finding[]): string[] {
  const { turned, images, classes, layout } = facts;
  const notes: string[] = [];
  if (layout === "unlabelled") notes.push("no classes: good for training; a probe needs images in class folders");
  else if (images.val === 0 && classes.length > 1)
    notes.push("no val: a probe holds out a fifth of train to score on, which copies would cross");
  if (turned > 0) notes.push(`${few(turned, "image")} stored turned, with an EXIF tag; read upright`);
  if (facts.refusal === null && isOrdinary(facts.input)) notes.push(...kindNotes(facts));
  else if (facts.refusal === null && facts.bands.length > 1 && !found.some(({ kind }) => kind === "mixed-bands"))
    notes.push(`mixed bands, ${mixture(facts.bands)}: those that are read are in all of them`);
  const remarks = new Map<string, number>();
  for (const remark of seen.flatMap((one) => one.remarks)) remarks.set(remark, (remarks.get(remark) ?? 0) + 1);
  for (const [remark, count] of remarks) notes.push(`${few(count, "image")}: ${remark}`);
  return notes;
}

/** What photographs of several kinds are read as. */
function kindNotes({ depths, bands, input }: Facts): string[] {
  const notes: string[] = [];
  const deep = depths.filter(({ kind }) => isDeep(kind)).reduce((sum, { files }) => sum + files, 0);
  const among =
    depths.length > 1
      ? `, of ${mixture(depths)}: each is read by all that its type can hold; if some hold less, such as 12 bits in 16, they are too dark: write them as one type`
      : "";
  if (deep > 0) notes.push(`${few(deep, "image")}: more than 8 bits a channel${among}`);
  if (bands.length > 1) {
    const has = (word: string) => bands.some(({ kind }) => kind.startsWith(word) || kind.endsWith(word));
    const how = [
      ...(has("gray") && input.channels === 3 ? ["gray is read as three equal channels"] : []),
      ...(input.channels === 1 ? ["colours are read as gray"] : []),
      ...(has("alpha") ? ["what is transparent lies on white"] : []),
    ];
    notes.push(
      `mixed channels, ${mixture(bands)}${how.length > 0 ? `: ${how.join(", ")}` : ""}; where one class has them, a network may go by that`,
    );
  }
  return notes;
}

/** "1 image", "2 images", "3 classes". */
export function few(count: number, noun: string): string {
  return `${count} ${count === 1 ? noun : noun.endsWith("s") ? `${noun}es` : `${noun}s`}`;
}

function are(count: number): string {
  return count === 1 ? "is" : "are";
}

/** The first few of many names. */
function some(names: readonly string[], most = 4): string {
  const rest = names.length - most;
  return `${names.slice(0, most).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}
