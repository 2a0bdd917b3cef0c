// `probe`: the linear probe alone.

import type { LinearEvaluation } from "../run/evaluations.ts";
import type { ProgressStream } from "../train/progress.ts";
import { evaluate } from "./evaluate.ts";
import type { ProbeSettings } from "./linear.ts";
import type { EvaluateOptions } from "./options.ts";

/** Options of {@link probe}. */
export interface ProbeOptions extends Omit<EvaluateOptions, "protocols" | "linear" | "seed" | "pictures"> {
  /** Settings of the probe where they differ from its defaults; the seed is the run's where none is given. */
  settings?: Partial<ProbeSettings>;
  /** Where progress goes; by default stderr. */
  stream?: ProgressStream;
}

/**
 * Probes a run's encoder on labelled images and writes `eval/linear.json` into the run.
 *
 * @throws {UserError} as {@link evaluate}
 */
export async function probe(
  runPath: string,
  dataRoot: string,
  { settings: { seed, ...linear } = {}, ...options }: ProbeOptions = {},
): Promise<LinearEvaluation> {
  const found = await evaluate(runPath, dataRoot, { ...options, protocols: ["linear"], linear, seed, pictures: false });
  return found.linear!;
}
