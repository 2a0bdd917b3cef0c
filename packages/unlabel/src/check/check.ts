// unlabel data check: what one should know of images before training on them. One pass, then a second look at likely copies.
import { performance } from "node:perf_hooks";
import { setImmediate } from "node:timers/promises";
import type { Dataset, Split } from "../data/folder.ts";
import { PHOTOGRAPHS } from "../data/input.ts";
import type { InputSettings } from "../data/input-settings.ts";
import { nameOf as imageName } from "../data/names.ts";
import { ImageReader } from "../data/reader.ts";
import { understood } from "../data/understood.ts";
import { forecastMethods, forecastPresets, presetsIn } from "../methods/presets.ts";
import { methods, refuseTaught } from "../methods/registry.ts";
import { type Copies, findCopies } from "./duplicates.ts";
import { findingsOf, notesOf } from "./findings.ts";
import { type Forecast, forecast } from "./forecast.ts";
import { kindsOf } from "./kinds.ts";
import { look, type Seen } from "./look.ts";
import { openForCheck, READ_SO } from "./open.ts";
import type { CheckResult, ClassCount, Named } from "./result.ts";
import { sizesOf } from "./sizes.ts";
import { type ClassValues, valuesOf } from "./values.ts";

/** Work goes on for as long before others have a turn. */
const TURN_MS = 50;

/** What a check is at; `bytes`, `hashes` and `pictures` are parts of looking for copies. */
export type CheckStage = "images" | "copies" | "bytes" | "hashes" | "pictures" | "values" | "forecast";

/** Options of {@link checkData}. */
export interface CheckOptions {
  /** Presets whose cost is measured. Default all but `small`, which `auto` begins with. */
  presets?: readonly string[];
  /** Methods whose cost is measured. Default SimCLR, BYOL and MAE, and those that a program or a plugin added. */
  methods?: readonly string[];
  /** How images are read, as training is told: channels, bands, range, tiles; by default as training would choose. */
  settings?: Partial<InputSettings>;
  /** Reads the images; by default one of its own that keeps nothing in memory. */
  reader?: ImageReader;
  /** Ends it. */
  signal?: AbortSignal;
  /** Told how the data set was understood, a line each, before anything is read. */
  onUnderstood?: (lines: readonly string[]) => void;
  /** Told now and then what is under way. */
  onProgress?: (stage: CheckStage, done: number, total: number, note: string) => void;
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
    presets = forecastPresets(),
    methods: wanted = forecastMethods(),
    signal,
  } = options;
  refuseTaught(presets.length > 0 ? wanted : [], "to forecast");
  const { data, refusal } = await openForCheck(root, options.settings ?? {});
  onUnderstood(understood(data));
  const splits = data.val ? [data.train, data.val] : [data.train];
  const total = splits.reduce((sum, { items }) => sum + items.length, 0);
  const began = performance.now();
  const looked = await look(splits, reader, (done) => {
    signal?.throwIfAborted();
    onProgress("images", done, total, "");
  });
  onProgress("copies", 0, 1, "");
  let turned = performance.now();
  const copies = await findCopies(looked, reader, async (part, done, of) => {
    if (performance.now() - turned < TURN_MS) return;
    signal?.throwIfAborted();
    onProgress(part, done, of, "");
    // A signal is heard when others have a turn.
    await setImmediate();
    turned = performance.now();
  });
  const seconds = (performance.now() - began) / 1000;
  const { images } = looked;
  const values = await valuesOf(data, data.train.input ?? PHOTOGRAPHS, (done, of) => {
    signal?.throwIfAborted();
    onProgress("values", done, of, "");
  });
  const readable = images.filter(({ reason }) => reason === null);
  let measured = 0;
  const abouts = methods().flatMap(({ about }) => (wanted.includes(about.name) ? [about] : []));
  const measurements = abouts.reduce(
    (sum, about) => sum + presets.filter((one) => presetsIn(about).includes(one)).length,
    0,
  );
  const costs =
    presets.length === 0 || refusal !== null
      ? null
      : await forecast(
          readable,
          { abouts, presets },
          (what) => onProgress("forecast", measured++, measurements, what),
          signal,
        );
  signal?.throwIfAborted();
  const result = summarise(data, images, copies, { refusal, seconds, values, costs });
  if (presets.length > 0 && costs === null) {
    const why = refusal === null ? "fewer than two training images can be read" : "training would refuse these images";
    result.notes.push(`no forecast: ${why}`);
  }
  return { result, images, copies, reader };
}

interface Measured {
  refusal: string | null;
  seconds: number;
  values: ClassValues[] | null;
  costs: Forecast | null;
}

function summarise(
  data: Dataset,
  images: readonly Seen[],
  { groups, leaks }: Copies,
  { refusal, seconds, values, costs }: Measured,
): CheckResult {
  const name = (seen: Seen) => nameOf(data, seen);
  const unread = images.flatMap((seen) => (seen.reason === null ? [] : [{ ...name(seen), reason: seen.reason }]));
  const formats: Record<string, number> = {};
  for (const { format, reason } of images)
    if (reason === null && format !== "") formats[format] = (formats[format] ?? 0) + 1;
  const result: Omit<CheckResult, "ok" | "findings" | "notes"> = {
    data: data.root,
    layout: data.layout,
    understood: understood(data),
    input: data.train.input ?? PHOTOGRAPHS,
    refusal,
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
    depths: kindsOf(images, ({ depth }) => depth),
    bands: kindsOf(images, ({ bands }) => bands),
    values,
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
        val: imageName(images[val]!.item),
        train: imageName(images[train]!.item),
        kind,
        similarity,
      })),
    },
    forecast: costs,
  };
  const findings = findingsOf(data, result, images);
  // What training would refuse is a finding.
  const told = result.understood.slice(1).map((line) => (line.startsWith(READ_SO) ? READ_SO : line));
  return {
    ...result,
    ok: findings.length === 0,
    findings,
    notes: [...notesOf(result, images, findings), ...told],
  };
}

/** An image by its split, path and class. */
export function nameOf({ classes }: Pick<Dataset, "classes">, { split, item }: Seen): Named {
  return { split: split.name, path: imageName(item), class: classes[item.label]?.name ?? null };
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
