// From images, runs and a file to a session: images are opened and encoded once by each run, and what the file holds is gone through again.
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { scope } from "@unlabel/torch";
import { UsageError, UserError } from "../base/errors.ts";
import { shellWord } from "../base/shell.ts";
import { counted, visible } from "../base/text.ts";
import type { Dataset, Item, Split } from "../data/folder.ts";
import { nameOf } from "../data/names.ts";
import { tellUnderstood } from "../data/understood.ts";
import { trainedOf } from "../eval/baselines.ts";
import { checkOptions } from "../eval/check-options.ts";
import { alreadyEncoded, encodeCached, encodeData } from "../eval/encode-data.ts";
import { openImagesOf, openTrained, sizeFor } from "../eval/evaluate.ts";
import { type Evaluated, openEvaluated, tellNotes } from "../eval/evaluated.ts";
import { type MachineOptions, settleMachine } from "../eval/session.ts";
import { Labelling } from "./labelling.ts";
import { leadsOut, pictureOf } from "./picture.ts";
import { type Answer, type Contender, LabelSession, uniformOrder } from "./session.ts";
import type { LabelStore } from "./store.ts";

/** Of more images than these a uniform sample is labelled: nobody labels so many, and all have to be encoded first. */
export const MOST_IMAGES = 4000;

/** Options of {@link openLabelling}. */
export interface LabelOptions extends MachineOptions {
  /** Run directories, or weights from elsewhere: files, folders of timm's or transformers', `hub:ORG/NAME`; from one. */
  runs: readonly string[];
  /** Of the order in which images are drawn; default 0. */
  seed?: number | undefined;
  /** Edge of the images in pixels; default as for evaluation. */
  size?: number | undefined;
  /** Whether each run keeps what it made of the images; default true. */
  keep?: boolean | undefined;
  /** Hears how many images of a run are encoded, and of how many. */
  onEncoded?: ((run: string, done: number, total: number) => void) | undefined;
}

/** An image of the session. */
interface Place {
  split: Split;
  item: Item;
}

/**
 * Opens images and runs, and goes on where the file ends.
 *
 * @throws {UsageError} for options that make no sense
 * @throws {UserError} where there is no checkpoint, images cannot be read, or the file is of other images or another seed
 */
export async function openLabelling(root: string, store: LabelStore, options: LabelOptions): Promise<Labelling> {
  const { seed = 0, stream = process.stderr } = options;
  checkOptions(options, { seed });
  using opened = await openAll(options.runs, options);
  const { runs } = opened;
  const [first] = runs;
  const data = await openImagesOf(first!.one, root);
  tellUnderstood(data, stream);
  const say = (line: string) => stream.write(`${visible(line)}\n`);
  const { chosen, notes } = choose(data, seed);
  for (const note of notes) say(note);
  const contenders: { name: string; rows: ReadonlyMap<string, number>; features: Float32Array; dim: number }[] = [];
  for (const { one, name } of runs) {
    if (runs.length > 1) say(`${name}:`);
    tellNotes(one, stream);
    const own = one === first!.one ? chosen : await asItReads(root, one, chosen);
    const { method, ...trained } = trainedOf(one);
    const { mean, std } = one.config;
    const view = { mean, std, size: sizeFor(one.config, options.size), ...one.resize };
    const told = { ...options, onEncoded: (done: number, total: number) => options.onEncoded?.(name, done, total) };
    const trainedOne = { method, ...trained };
    const kept =
      options.keep === false && one.run && alreadyEncoded(one.run, trainedOne, own, view, settleMachine(told));
    // Only a run has a place for them.
    const { features, rows, cached } =
      kept ||
      (one.run && options.keep !== false
        ? await encodeCached(one.run, trainedOne, own, view, told)
        : await encodeData(method, own, view, told));
    method.dispose();
    if (cached) say(`features of ${counted(rows.length, "image")} are there already`);
    const values = scope(() => features.contiguous().toArray()) as Float32Array;
    const dim = features.shape[1]!;
    features.dispose();
    contenders.push({ name, rows: new Map(rows.map(({ item }, i) => [nameOf(item), i])), features: values, dim });
  }
  const places = placesIn(chosen).filter(({ item }) => contenders.every(({ rows }) => rows.has(nameOf(item))));
  const names = places.map(({ item }) => nameOf(item));
  const session = new LabelSession(
    contenders.map(({ name, rows, features, dim }): Contender => {
      const own = new Float32Array(names.length * dim);
      for (const [i, one] of names.entries()) {
        const from = rows.get(one)! * dim;
        own.set(features.subarray(from, from + dim), i * dim);
      }
      return { name, features: own, dim };
    }),
    names.length,
    seed,
  );
  session.replay(answersOf(store, names, root, seed), (row) => otherSession(store.file, `row ${row} of it`, seed));
  const { reader } = settleMachine(options);
  const picture = (image: number) => pictureOf(places[image]!.split, places[image]!.item, reader);
  return new Labelling({ title: root, session, names, store, picture });
}

/** Runs and encoders off the shelf, open, each by a name of its own. */
async function openAll(
  paths: readonly string[],
  { size, stream }: Pick<LabelOptions, "size" | "stream">,
): Promise<{ runs: { one: Evaluated; name: string }[] } & Disposable> {
  const twice = paths.find((path, i) => paths.indexOf(path) < i);
  if (paths.length === 0 || twice !== undefined)
    throw new UsageError(
      `Expected one run directory or more for --runs, each once, got ${twice === undefined ? "none" : `${twice} again`}`,
    );
  const bases = paths.map((path) => basename(path));
  const areDistinct = new Set(bases).size === bases.length;
  const runs: { one: Evaluated; name: string }[] = [];
  const close = () => {
    for (const { one } of runs) one[Symbol.dispose]();
  };
  try {
    for (const [i, path] of paths.entries()) {
      const name = areDistinct ? bases[i]! : path;
      runs.push({ one: await openEvaluated(path, openTrained, size, stream), name });
    }
  } catch (error) {
    close();
    throw error;
  }
  return { runs, [Symbol.dispose]: close };
}

/** All images, each name once. */
function placesIn({ train, val }: Dataset): Place[] {
  const seen = new Set<string>();
  return [train, ...(val ? [val] : [])].flatMap((split) =>
    split.items.flatMap((item) => {
      const name = nameOf(item);
      if (seen.has(name)) return [];
      seen.add(name);
      return [{ split, item }];
    }),
  );
}

/** The images that may be labelled: those within DATA, and of many a uniform sample. */
function choose(data: Dataset, seed: number): { chosen: Dataset; notes: string[] } {
  const all = placesIn(data);
  const within = all.filter(({ split, item }) => !leadsOut(split, item));
  const notes: string[] = [];
  const out = all.length - within.length;
  if (within.length === 0)
    throw new UserError(
      `Expected images in ${data.root}, got links that lead out of it; give the folder that they lead to`,
    );
  if (out > 0)
    notes.push(`left aside: ${counted(out, "link")} that ${out === 1 ? "leads" : "lead"} out of ${data.root}`);
  const kept =
    within.length <= MOST_IMAGES
      ? within
      : Array.from(uniformOrder(within.length, seed, "label sample").subarray(0, MOST_IMAGES), (i) => within[i]!);
  if (kept.length < within.length)
    notes.push(
      `${MOST_IMAGES.toLocaleString("en-US")} of ${within.length.toLocaleString("en-US")} images, drawn at random, are encoded and labelled`,
    );
  // What stands for all of the data has its features in common with search.
  if (out === 0 && kept === within) return { chosen: data, notes };
  const items = new Set(kept.map(({ item }) => item));
  const part = (split: Split): Split => ({ ...split, items: split.items.filter((item) => items.has(item)) });
  const names = kept.map(({ item }) => nameOf(item)).sort();
  const fingerprint = createHash("sha256")
    .update([data.fingerprint, ...names].join("\n"))
    .digest("hex")
    .slice(0, 16);
  return { chosen: { ...data, train: part(data.train), val: data.val && part(data.val), fingerprint }, notes };
}

/** The same images, read as another run or encoder reads them. */
async function asItReads(root: string, one: Evaluated, chosen: Dataset): Promise<Dataset> {
  const data = await openImagesOf(one, root);
  const names = new Set(placesIn(chosen).map(({ item }) => nameOf(item)));
  const part = (split: Split): Split => ({ ...split, items: split.items.filter((item) => names.has(nameOf(item))) });
  const found = { ...data, train: part(data.train), val: data.val && part(data.val), fingerprint: chosen.fingerprint };
  if (placesIn(found).length === names.size) return found;
  throw new UserError(
    `Expected runs that cut images alike, got ${one.path}, which sees tiles of ${one.input?.tiles ?? "no"} pixels; label with the others alone`,
  );
}

function answersOf(store: LabelStore, names: readonly string[], root: string, seed: number): Answer[] {
  const images = new Map(names.map((name, i) => [name, i]));
  return store.rows.map(({ path, label, draw }) => {
    const image = images.get(path);
    if (image === undefined) throw otherSession(store.file, `${path}, which is not among the images of ${root}`, seed);
    return { image, label, draw: draw === "both" ? "coverage" : draw };
  });
}

function otherSession(file: string, found: string, seed: number): UserError {
  return new UserError(
    `Expected ${file} to go on with these images and --seed ${seed}, got ${visible(found)}; it was begun with others: name another -o, or use its labels as they are: --labels ${shellWord(file)}`,
  );
}
