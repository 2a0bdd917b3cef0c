// What a comparison is: its methods, seeds, budget and settings, kept in compare.json, so that the same command goes on with
// what is missing and another one is refused.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { UsageError, UserError } from "../base/errors.ts";
import { makeFolder, writeAtomically } from "../base/files.ts";
import { visible } from "../base/text.ts";
import type { SettledChannels } from "../config/common.ts";
import type { Settings } from "../config/settings.ts";
import { type Input, PHOTOGRAPHS } from "../data/input.ts";
import { absoluteRoot } from "../data/open.ts";
import type { SavedHoldOut } from "../data/reading.ts";
import type { Facts } from "../methods/about.ts";
import type { IndicatorSize } from "../run/evaluations.ts";
import { inputFormat } from "../run/info.ts";
import type { Rung } from "./halving.ts";
import type { AskedMethods, MethodsWord } from "./methods.ts";
import { type PlannedShelf, placeOf, shelfOf } from "./shelf.ts";

/**
 * What every run may spend: seconds of training, passes over the images, floating-point operations, or steps of each method. Each is
 * above 0; passes and steps are whole, and steps name every method that is compared.
 */
export type Budget =
  | { kind: "time"; value: number }
  | { kind: "epochs"; value: number }
  | { kind: "flops"; value: number }
  | { kind: "steps"; value: Partial<Record<string, number>> };

/** What makes a comparison the same one when it is asked for again. */
export interface Terms {
  /** Images, labelled or not; labels are for evaluation alone. */
  data: string;
  /** Names of methods, each once. */
  methods: readonly string[];
  /** Each method is trained once with each; whole numbers from 0 to 2³² − 1. */
  seeds: readonly number[];
  /** What every run may spend. */
  budget: Budget;
  /** Where the settings of all methods start from. */
  preset: string;
  /** The encoder of all methods; null for each preset's own. */
  backbone: string | null;
  /** What every run begins with: a file, a folder, a run, `hub:ORG/NAME`; absent or null: random weights. */
  init?: string | null;
  /** Encoders that are evaluated beside the runs: files, folders of timm's or transformers', `hub:ORG/NAME`, and earlier runs. */
  beside?: readonly string[];
  /** For all methods, over those of the preset; not those that the comparison decides: method, preset, seed and length. */
  settings: Settings;
  /** By method: settings of it alone, over those for all; of the same keys. */
  own?: Readonly<Record<string, Settings>>;
  /** Whether the worse half of the methods is given up after a quarter of its steps, and again after half (halving.ts); default not. */
  halve?: boolean;
}

/** How far a run of a comparison has come. */
export type RunState = "waiting" | "training" | "interrupted" | "paused" | "evaluating" | "done" | "failed" | "stopped";

/** A run of a comparison. */
export interface PlannedRun {
  /** Its folder's name, `METHOD-SEED`. */
  name: string;
  /** The method's name. */
  method: string;
  /** The seed that it is trained with. */
  seed: number;
  /** How far it has come. */
  status: RunState;
  /** Training and evaluation together, once done. */
  seconds?: number;
  /** Why it failed, or was given up. */
  error?: string;
}

/** compare.json */
export interface Comparison extends Terms {
  schema: 1;
  /**
   * Of the fifth of train that all runs are scored on where the data has no val. Absent in comparisons that an older version
   * began, whose runs each hold out the fifth of their own seed: they go on so.
   */
  split_seed?: number;
  /** What stood in place of methods' names, and what came of it; absent where they were named. */
  asked?: AskedMethods;
  /** How many images indicators look at, of every run alike: as many as the first could be looked at by. */
  looked?: IndicatorSize;
  /** What came of giving up the worse half, look by look, where that was asked for. */
  rungs?: Rung[];
  /** How samples become every network's input, once images have been looked at. */
  input?: Input;
  /** What every run normalises its images by, where that was to be measured. */
  measured?: Pick<SettledChannels, "mean" | "std">;
  /** What preset `auto` chooses every run's settings by. */
  facts?: Facts;
  /** Which images no run trains on, where there are neither labels nor val; null where all are trained on. */
  held_out?: SavedHoldOut | null;
  /** What `init` was when it began: of the hub with its commit. */
  begun_with?: string;
  /** Encoders off the shelf; absent where there are none. */
  shelf?: PlannedShelf[];
  runs: PlannedRun[];
}

/** One for all comparisons, so that they can be set beside each other. */
export const SPLIT_SEED = 0;

const format = z.looseObject({
  schema: z.literal(1),
  data: z.string(),
  methods: z.array(z.string()),
  seeds: z.array(z.int()),
  budget: z.looseObject({ kind: z.enum(["time", "epochs", "flops", "steps"]) }),
  preset: z.string(),
  backbone: z.string().nullable(),
  settings: z.record(z.string(), z.unknown()),
  own: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
  split_seed: z.int().min(0).optional(),
  input: inputFormat.optional(),
  measured: z.object({ mean: z.array(z.number()), std: z.array(z.number()) }).optional(),
  facts: z
    .object({ images: z.int().min(1), side: z.int().min(1), channels: z.int().min(1), device: z.enum(["cpu", "gpu"]) })
    .optional(),
  halve: z.boolean().optional(),
  asked: z.object({ word: z.enum(["all", "auto"]), why: z.string() }).optional(),
  rungs: z
    .array(
      z.looseObject({
        share: z.number(),
        by: z.enum(["knn", "rank"]),
        images: z.number(),
        scores: z.record(z.string(), z.number()),
        kept: z.array(z.string()),
        stopped: z.array(z.string()),
      }),
    )
    .optional(),
  init: z.string().nullish(),
  beside: z.array(z.string()).optional(),
  begun_with: z.string().optional(),
  shelf: z
    .array(
      z.looseObject({
        name: z.string().regex(/^beside-[a-z0-9._-]+$/),
        title: z.string(),
        source: z.string(),
        status: z.string(),
      }),
    )
    .optional(),
  looked: z.object({ images: z.int().min(1), viewed: z.int().min(1) }).optional(),
  held_out: z.object({ up_to: z.int().min(0), images: z.int().min(1), copies: z.int().min(0) }).nullish(),
  runs: z.array(
    z.looseObject({
      name: z.string().regex(/^[a-z0-9]+-\d+$/),
      method: z.string(),
      seed: z.int(),
      status: z.string(),
    }),
  ),
});

/**
 * Begins a comparison in `out`, or reads the one that lies there.
 *
 * @throws {UsageError} where that one has other terms, and which
 */
export function openComparison(out: string, terms: Terms): Comparison {
  const { init, beside, ...others } = terms;
  const asked: Terms = {
    ...others,
    data: absoluteRoot(terms.data),
    // Absent as ever where nothing is asked for.
    ...(init != null && { init: placeOf(init) }),
    ...(beside && beside.length > 0 && { beside: beside.map(placeOf) }),
  };
  const file = join(out, "compare.json");
  if (existsSync(file)) {
    const found = readComparison(file);
    for (const key of [
      "data",
      "methods",
      "seeds",
      "budget",
      "preset",
      "backbone",
      "init",
      "beside",
      "settings",
      "own",
      "halve",
    ] as const) {
      if (JSON.stringify(found[key]) !== JSON.stringify(asked[key]))
        throw new UsageError(
          `Expected ${asFlags(found, key)} as ${out} began with, got ${asFlags(asked, key)}; name another --out for another comparison`,
        );
    }
    // Before there was a choice, all images were photographs.
    return { input: PHOTOGRAPHS, ...found };
  }
  const shelf = shelfOf(asked.beside ?? []);
  const runs = plannedRuns(asked);
  return { schema: 1, ...asked, split_seed: SPLIT_SEED, ...(shelf.length > 0 && { shelf }), runs };
}

/** Seeds first: where it ends early, every method has got as far as the others. */
export function plannedRuns({ seeds, methods }: Pick<Terms, "seeds" | "methods">): PlannedRun[] {
  return seeds.flatMap((seed) =>
    methods.map((method): PlannedRun => ({ name: `${method}-${seed}`, method, seed, status: "waiting" })),
  );
}

/** The methods that the comparison in `out` took where that word stood in place of names; null where it has none such. */
export function methodsTaken(
  out: string,
  word: MethodsWord,
): { methods: readonly string[]; asked: AskedMethods } | null {
  const file = join(out, "compare.json");
  if (!existsSync(file)) return null;
  const { methods, asked } = readComparison(file);
  return asked?.word === word ? { methods, asked } : null;
}

/** The preset that the comparison in `out` began with; null where there is none. */
export function presetOfComparison(out: string): string | null {
  const file = join(out, "compare.json");
  return existsSync(file) ? readComparison(file).preset : null;
}

/** One of the terms as people give it. */
function asFlags(terms: Terms, key: keyof Terms): string {
  const { data, methods, seeds, budget, preset, backbone, init, beside, settings, own = {} } = terms;
  const flags = (values: Settings) => Object.entries(values).map(([name, value]) => `--set ${name}=${String(value)}`);
  const set = flags(settings);
  const alone = Object.entries(own).map(([method, values]) => `${flags(values).join(" ")} of ${method} alone`);
  const words: Record<keyof Terms, string> = {
    data: visible(data),
    methods: `--methods ${methods.join(",")}`,
    seeds: `--seeds ${seeds.length}`,
    budget: budgetFlag(budget),
    preset: `--preset ${preset}`,
    backbone: backbone === null ? "no --backbone" : `--backbone ${backbone}`,
    init: init == null ? "no --init" : `--init ${visible(init)}`,
    beside: beside && beside.length > 0 ? `--beside ${visible(beside.join(" "))}` : "no --beside",
    settings: set.length > 0 ? visible(set.join(" ")) : "no --set",
    halve: terms.halve ? "--halve" : "no --halve",
    own: alone.length > 0 ? visible(alone.join(" and ")) : "no settings of one method alone",
  };
  return words[key];
}

function budgetFlag({ kind, value }: Budget): string {
  if (kind === "time") return `--budget ${value % 60 === 0 ? `${value / 60}m` : `${value}s`}`;
  if (kind === "epochs") return `--epochs ${value}`;
  if (kind === "flops") return `--flops ${value.toExponential().replace("+", "")}`;
  return `no budget but ${Object.entries(value)
    .map(([method, steps]) => `${steps} steps of ${method}`)
    .join(" and ")}`;
}

export function saveComparison(out: string, comparison: Comparison): void {
  makeFolder(out);
  writeAtomically(join(out, "compare.json"), `${JSON.stringify(comparison, null, 2)}\n`);
}

function readComparison(file: string): Comparison {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    throw new UserError(`Expected JSON in ${file}, got something else; it is damaged`);
  }
  const parsed = format.safeParse(content);
  if (parsed.success) return content as Comparison;
  const { path, message } = parsed.error.issues[0]!;
  throw new UserError(`Expected a comparison in ${file}, got something else at ${path.join(".")}: ${message}`);
}
