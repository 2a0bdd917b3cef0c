// unlabel data check: what one should know of images before training on them. One pass, then a second look at likely copies.
import { performance } from "node:perf_hooks";
import { UserError } from "../base/errors.ts";
import type { Dataset, Split } from "../data/folder.ts";
import { AS_THEY_ARE } from "../data/input-settings.ts";
import { openData } from "../data/open.ts";
import { openImages } from "../data/open-images.ts";
import { ImageReader } from "../data/reader.ts";
import { understood } from "../data/understood.ts";
import { presetNames } from "../methods/presets.ts";
import { methods } from "../methods/registry.ts";
import { type Copies, findCopies } from "./duplicates.ts";
import { findingsOf, notesOf } from "./findings.ts";
import { type Forecast, forecast } from "./forecast.ts";
import { look, type Seen } from "./look.ts";
import type { CheckResult, ClassCount, Named } from "./result.ts";
import { sizesOf } from "./sizes.ts";

/** Options of {@link checkData}. */
export interface CheckOptions {
  /** Presets whose cost is measured. Default all. */
  presets?: readonly string[];
  /** Reads the images; by default one of its own that keeps nothing in memory. */
  reader?: ImageReader;
  /** Ends it. */
  signal?: AbortSignal;
  /** Told how the data set was understood, a line each, before anything is read. */
  onUnderstood?: (lines: readonly string[]) => void;
  /** Told now and then what is under way. */
  onProgress?: (stage: "images" | "copies" | "forecast", done: number, total: number, note: string) => void;
}

/** The result, and what a page of pictures is made from. */
export interface Checked {
  /** What was found, as plain data. */
  result: CheckResult;
  /** Every image, those of train first; groups and leaks speak of them by number. */
  images: Seen[];
  /** Which of them are the same. */
  copies: Copies;
  /** What read them. */
  reader: ImageReader;
}

/** The images as training would read them; as photographs where no one way does for all, which is then said. */
async function opened(root: string): Promise<Dataset> {
  try {
    return await openImages(root, AS_THEY_ARE, 0);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const data = await openData(root);
    return { ...data, readings: [...(data.readings ?? []), `read as photographs here. ${error.message}`] };
  }
}

/**
 * Checks a data set.
 *
 * @throws {UserError} where there is none
 * @throws {DOMException} where `signal` ended it
 */
export async function checkData(root: string, options: CheckOptions = {}): Promise<Checked> {
  const {
    onUnderstood = () => {},
    onProgress = () => {},
    reader = new ImageReader({ cacheBytes: 0 }),
    presets = presetNames(),
    signal,
  } = options;
  const data = await opened(root);
  onUnderstood(understood(data));
  const splits = data.val ? [data.train, data.val] : [data.train];
  const total = splits.reduce((sum, { items }) => sum + items.length, 0);
  const began = performance.now();
  const looked = await look(splits, reader, (done) => {
    signal?.throwIfAborted();
    onProgress("images", done, total, "");
  });
  onProgress("copies", 0, 1, "");
  const copies = await findCopies(looked, reader);
  const seconds = (performance.now() - began) / 1000;
  const { images } = looked;
  const readable = images.filter(({ reason }) => reason === null);
  let measured = 0;
  const measurements = methods().reduce(
    (sum, { about }) => sum + presets.filter((one) => one in about.presets).length,
    0,
  );
  const costs =
    presets.length === 0
      ? null
      : await forecast(readable, presets, (what) => onProgress("forecast", measured++, measurements, what), signal);
  signal?.throwIfAborted();
  const result = summarise(data, images, copies, seconds, costs);
  if (presets.length > 0 && costs === null)
    result.notes.push("no forecast: fewer than two training images can be read");
  return { result, images, copies, reader };
}

function summarise(
  data: Dataset,
  images: readonly Seen[],
  { groups, leaks }: Copies,
  seconds: number,
  costs: Forecast | null,
): CheckResult {
  const name = (seen: Seen) => nameOf(data, seen);
  const unread = images.flatMap((seen) => (seen.reason === null ? [] : [{ ...name(seen), reason: seen.reason }]));
  const formats: Record<string, number> = {};
  for (const { format, reason } of images) if (reason === null) formats[format] = (formats[format] ?? 0) + 1;
  const result: Omit<CheckResult, "ok" | "findings" | "notes"> = {
    data: data.root,
    layout: data.layout,
    understood: understood(data),
    fingerprint: data.fingerprint,
    seconds: Math.round(seconds * 100) / 100,
    images_per_s: Math.round(images.length / seconds),
    images: {
      train: data.train.items.length,
      val: data.val?.items.length ?? 0,
      readable: images.length - unread.length,
      unreadable: unread.length,
    },
    classes: countClasses(data),
    formats,
    sizes: sizesOf(images),
    turned: images.filter(({ turned }) => turned).length,
    unreadable: unread,
    suspicious: images.flatMap((seen) => (seen.doubts.length > 0 ? [{ ...name(seen), reasons: seen.doubts }] : [])),
    duplicates: {
      copies: groups.reduce((sum, { members }) => sum + members.length - 1, 0),
      groups: groups.map(({ members, ...group }) => ({ ...group, images: members.map((i) => name(images[i]!)) })),
    },
    leakage: {
      exact: leaks.filter(({ kind }) => kind === "exact").length,
      near: leaks.filter(({ kind }) => kind === "near").length,
      images: leaks.map(({ val, train, kind, similarity }) => ({
        val: images[val]!.item.path,
        train: images[train]!.item.path,
        kind,
        similarity,
      })),
    },
    forecast: costs,
  };
  const findings = findingsOf(data, result);
  return {
    ...result,
    ok: findings.length === 0,
    findings,
    notes: [...notesOf(result, images), ...result.understood.slice(1)],
  };
}

/** An image by its split, path and class. */
export function nameOf({ classes }: Pick<Dataset, "classes">, { split, item }: Seen): Named {
  return { split: split.name, path: item.path, class: classes[item.label]?.name ?? null };
}

function countClasses({ classes, train, val }: Dataset): ClassCount[] {
  const count = (split: Split | null) => {
    const counts = new Array<number>(classes.length).fill(0);
    for (const { label } of split?.items ?? []) if (label >= 0) counts[label]!++;
    return counts;
  };
  const [inTrain, inVal] = [count(train), count(val)];
  return classes.map((one, label) => ({ ...one, train: inTrain[label]!, val: inVal[label]! }));
}
