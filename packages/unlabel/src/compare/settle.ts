// Everything that a comparison settles before it trains: its terms, its methods, its images, and by what its runs are looked at.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Dataset } from "../data/folder.ts";
import { LEAST_IMAGES } from "../data/hold-out.ts";
import { labelledBy } from "../data/labelled-by.ts";
import { tellUnderstood } from "../data/understood.ts";
import { probeSplits } from "../eval/splits.ts";
import { afterFirst } from "../eval/together.ts";
import { AUTO } from "../methods/presets.ts";
import { CHEAP_PROTOCOLS, type Protocol, UNLABELLED_PROTOCOLS } from "../run/evaluations.ts";
import { type Init, openInit } from "../train/init.ts";
import type { ProgressStream } from "../train/progress.ts";
import type { RankGroup } from "../train/rank-group.ts";
import { checkTerms } from "./check-terms.ts";
import { refuseShelves } from "./evaluate-shelves.ts";
import { lookedIn } from "./evaluated.ts";
import { settleImages } from "./images.ts";
import { type AskedMethods, type MethodsWord, methodsOf } from "./methods.ts";
import {
  type Comparison,
  methodsTaken,
  openComparison,
  type PlannedRun,
  plannedRuns,
  presetOfComparison,
  type Terms,
} from "./plan.ts";
import type { CompareRequest } from "./request.ts";
import { settingsOf } from "./run-settings.ts";

/** What a comparison is asked for, whole. */
export interface SettledTerms {
  terms: Terms;
  /** The word that was given in place of methods. */
  word: MethodsWord | null;
  /** What that word stands for here. */
  taken: { methods: readonly string[]; asked: AskedMethods } | null;
}

/** A comparison of which all is settled; disposing of it lets go of the weights that its runs begin with. */
export interface Settled extends Disposable {
  comparison: Comparison;
  /** What every run trains on. */
  images: Dataset;
  /** What its runs are scored on: the same images, by other labels where these were given. */
  evaluated: Dataset;
  /** Whether its runs are judged by labels. */
  isLabelled: boolean;
  protocols: readonly Protocol[];
  /** Of the images that are evaluated on. */
  fingerprint: string;
  /** The weights that every run begins with; null where they are random. */
  init: Init | null;
  /** A run's settings. */
  settingsOf(run: Pick<PlannedRun, "method" | "seed">): Record<string, unknown>;
}

/**
 * What is asked for, where it goes on as what it began as.
 *
 * @throws {UsageError} for terms that make no sense
 */
export function settleTerms(request: CompareRequest): SettledTerms {
  const { out, methods, data, budget, seeds = [0], backbone = null, settings = {} } = request;
  const { own, init, beside, halve } = request;
  const word = methods === "all" || methods === "auto" ? methods : null;
  // It goes on with those that it took, also where there are more by now, or the table has changed.
  const taken = word && (methodsTaken(out, word) ?? methodsOf(word, backbone));
  const named = taken ? taken.methods : (methods as readonly string[]);
  // A comparison goes on as it began, also where a later version would begin with another preset.
  const preset = request.preset ?? presetOfComparison(out) ?? AUTO;
  const terms: Terms = {
    ...{ data, methods: named, seeds, budget, preset, backbone, settings },
    ...(own !== undefined && { own }),
    ...(init !== undefined && { init }),
    ...(beside !== undefined && { beside }),
    ...(halve !== undefined && { halve }),
  };
  checkTerms(terms);
  return { terms, word, taken };
}

/**
 * Opens what the terms name, on all ranks alike, and says how it is understood.
 *
 * @throws {UserError} for images, labels or weights that cannot be taken, before anything is trained
 */
export async function settle(
  { terms, word, taken }: SettledTerms,
  { out, labels, expectLabels = false, stream = process.stderr }: CompareRequest,
  group: RankGroup,
  log: (text: string) => void,
): Promise<Settled> {
  const { isNew, comparison } = await group.fromFirst(() => {
    const isNew = !existsSync(join(out, "compare.json"));
    return { isNew, comparison: openComparison(out, terms) };
  });
  if (taken) comparison.asked = taken.asked;
  // Those that an older version has looked at settle it.
  const seen = await group.fromFirst(() => lookedIn(comparison.runs.map(({ name }) => join(out, name))) ?? null);
  if (seen) comparison.looked ??= seen;
  // What it began with: a branch of the hub's may have moved since. Rank 0 fetches it, and the others find it.
  const init = await afterFirst(group, () => initOf(comparison, stream));
  try {
    Object.assign(comparison, await group.fromFirst(() => shelfOf(comparison, stream)));
    const { opened, data: images } = await settleImages(terms.data, comparison, init);
    const evaluated = labels === undefined ? images : labelledBy(opened, labels);
    const isLabelled = expectLabels || labels !== undefined || evaluated.classes.length > 1;
    tellUnderstood(labels === undefined ? images : withHeldOut(evaluated, opened, images), stream);
    if (isLabelled) probeSplits(evaluated, 0);
    else log(withoutLabels(images));
    // Of images of other channels the table may put others first, which is known once they have been looked at.
    if (isNew && word === "auto") {
      const again = methodsOf(word, terms.backbone, { channels: comparison.input?.channels });
      Object.assign(comparison, { ...again, runs: plannedRuns({ ...terms, ...again }) });
    }
    if (comparison.asked) log(`methods ${comparison.methods.join(", ")}: ${comparison.asked.why}`);
    const { length } = images.train.items;
    const settled: Settled = {
      ...{ comparison, images, evaluated, isLabelled, fingerprint: evaluated.fingerprint, init },
      protocols: isLabelled ? CHEAP_PROTOCOLS : UNLABELLED_PROTOCOLS,
      settingsOf: ({ method, seed }) => settingsOf(comparison, method, seed, length, init),
      [Symbol.dispose]: () => init?.[Symbol.dispose](),
    };
    // What is wrong with a method's settings is known before another has trained for hours.
    for (const method of comparison.methods) settled.settingsOf({ method, seed: terms.seeds[0] ?? 0 });
    await group.same({ fingerprint: evaluated.fingerprint, "how images are read": comparison });
    return settled;
  } catch (error) {
    init?.[Symbol.dispose]();
    throw error;
  }
}

/** The encoders beside it, once they have been opened: which commit of the hub's each is. */
async function shelfOf(comparison: Comparison, stream: ProgressStream): Promise<Pick<Comparison, "shelf">> {
  await refuseShelves(comparison, stream);
  return comparison.shelf === undefined ? {} : { shelf: comparison.shelf };
}

/** Labelled images, with the line that says what is held out of those to train on. */
function withHeldOut(evaluated: Dataset, opened: Dataset, { heldOut, readings = [] }: Dataset): Dataset {
  if (!heldOut) return evaluated;
  return { ...evaluated, readings: [...(evaluated.readings ?? []), ...readings.slice(opened.readings?.length ?? 0)] };
}

/** What comes of images without labels, and which are looked at. */
function withoutLabels({ val, heldOut, train }: Dataset): string {
  const told = "no labels: runs are looked at by indicators, which are no scores";
  if (val || heldOut) return told;
  const { length } = train.items;
  const why = length < LEAST_IMAGES ? `of fewer than ${LEAST_IMAGES} images none is held out` : "none is held out";
  return `${told}; ${why}, so indicators look at images that training saw`;
}

/** What every run of a comparison begins with, open; null where that is random. */
async function initOf(comparison: Comparison, stream: ProgressStream): Promise<Init | null> {
  const { init, begun_with: begun, methods, backbone } = comparison;
  if (init == null) return null;
  const flags = { init: begun ?? init, ...(backbone !== null && { encoder: backbone }) };
  const opened = await openInit({ flags: { method: methods[0], ...flags } }, methods[0]!, stream);
  comparison.begun_with = opened!.path;
  return opened;
}
