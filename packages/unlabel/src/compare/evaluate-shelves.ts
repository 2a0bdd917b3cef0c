// Encoders off the shelf, or of earlier runs, beside a comparison's runs: opened before anything is trained, so that what is wrong with one is known then,
// and evaluated as the runs are.
import { join } from "node:path";
import { UserError } from "../base/errors.ts";
import { unbroken } from "../base/signals.ts";
import type { Config } from "../config/common.ts";
import { labelledBy } from "../data/labelled-by.ts";
import { openImagesAs } from "../data/open-images.ts";
import type { BaselineMemory } from "../eval/baseline-memory.ts";
import { isRun } from "../eval/evaluated.ts";
import { evaluateShelf, openShelf } from "../eval/shelf.ts";
import { stepOf } from "../run/checkpoint-files.ts";
import { RunDirectory } from "../run/directory.ts";
import { CHEAP_PROTOCOLS, type Protocol } from "../run/evaluations.ts";
import type { ShelfFile } from "../run/read/shelf.ts";
import type { ProgressStream } from "../train/progress.ts";
import { lacking } from "./evaluated.ts";
import { type Comparison, SPLIT_SEED, saveComparison } from "./plan.ts";

/** A comparison that is under way. */
export interface ShelvesRequest {
  comparison: Comparison;
  out: string;
  protocols: readonly Protocol[];
  labels: string | undefined;
  /** Of the images that are evaluated on. */
  fingerprint: string;
  baselines: BaselineMemory;
  command: string;
  stream: ProgressStream;
  signal: AbortSignal | undefined;
  log: (text: string) => void;
}

/** @throws {UserError} for the first one that cannot be evaluated, and why; what is on the hub is downloaded */
export async function refuseShelves({ shelf = [] }: Comparison, stream: ProgressStream): Promise<void> {
  for (const one of shelf) {
    if (one.status === "done") continue;
    using opened = await openShelf(one.source, { stream });
    // Of the hub with its commit.
    one.source = opened.path;
  }
}

/**
 * Evaluates those that have not been yet. One that fails does not lose the others.
 *
 * @param check throws where the comparison's folder is another process's
 * @returns false where it was asked to stop
 */
export async function evaluateShelves(request: ShelvesRequest, check: () => void): Promise<boolean> {
  const { comparison, out, protocols, labels, fingerprint, baselines, command, stream, signal, log } = request;
  const { shelf = [], split_seed: splitSeed = SPLIT_SEED, looked } = comparison;
  // On as many threads as the runs are trained with.
  const { device, threads } = comparison.settings as Partial<Pick<Config, "device" | "threads">>;
  for (const [i, one] of shelf.entries()) {
    const folder = join(out, one.name);
    const lacks = lacking(folder, protocols, { step: stepOfShelf(one.source), splitSeed, fingerprint, looked });
    if (one.status === "done" && lacks.length === 0) continue;
    if (signal?.aborted) return false;
    const tell = (changes: Partial<typeof one>) => {
      check();
      Object.assign(one, changes);
      unbroken(() => saveComparison(out, comparison));
    };
    log(`${i + 1}/${shelf.length} beside: ${one.title}`);
    tell({ status: "evaluating", error: undefined });
    try {
      const beside = { data: comparison.data, input: comparison.input, heldOut: comparison.held_out };
      const asked = { protocols, labels, splitSeed, looked, pictures: true, device, threads };
      const options = { ...asked, tellData: false, stream, signal, command, baselines };
      await evaluateShelf(one.source, folder, one.title, beside, options);
      tell({ status: "done" });
    } catch (error) {
      if (signal?.aborted) return false;
      if (!(error instanceof UserError)) throw error;
      tell({ status: "failed", error: error.message });
      log(`${one.title} failed: ${error.message}`);
    }
  }
  return true;
}

/** The step that an earlier run has come to since, so that it is evaluated as it is now; null of what has none, or is gone. */
function stepOfShelf(source: string): number | null {
  if (!isRun(source)) return null;
  try {
    return RunDirectory.open(source).newestWeights(stepOf).step;
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

/** As for a run, of the folder of an encoder off the shelf. */
export async function evaluateShelfWithLabels(
  folder: string,
  { source, name, data, input, command }: ShelfFile,
  labels: string,
  root: string = data.root,
): Promise<void> {
  const { fingerprint } = labelledBy(await openImagesAs(root, input), labels);
  const protocols = lacking(folder, CHEAP_PROTOCOLS, {
    step: stepOfShelf(source.path),
    splitSeed: SPLIT_SEED,
    fingerprint,
  });
  if (protocols.length === 0) return;
  const options = { protocols, labels, splitSeed: SPLIT_SEED, pictures: true, ...(command != null && { command }) };
  await evaluateShelf(source.path, folder, name, { data: root, input }, options);
}
