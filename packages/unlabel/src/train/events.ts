// What a program hears of a training while it goes on.

import type { MetricsRow, RunInfo } from "../run/directory.ts";
import type { Health } from "../run/health.ts";

/** Something that happened in a run; its metrics are rows of their own. */
export type TrainEvent =
  /** Training begins after `step` of `total` steps. */
  | { type: "begin"; run: string; step: number; total: number; info: Readonly<RunInfo> }
  /** A line that people read. */
  | { type: "log"; text: string }
  /** The run is now to have so many steps. */
  | { type: "plan"; step: number; total: number }
  /** The encoder is looked at with so many images, which should take about so many seconds. */
  | { type: "look"; step: number; images: number; seconds: number }
  /** The verdict on how the run fares has changed. */
  | { type: "health"; step: number; health: Health }
  /** An image cannot be read. */
  | { type: "skip"; path: string; reason: string }
  /** Everything up to `step` is on the disk. */
  | { type: "checkpoint"; step: number }
  /** Training has come to its end, or was asked to stop, after `step`. */
  | { type: "end"; step: number; status: "done" | "interrupted" };

/**
 * Called while a run trains. What they throw comes out of `pretrain`, and ends the run as failed, with its last checkpoint kept;
 * after the last step is saved (at `end`) the run stays as it is.
 */
export interface Listeners {
  /** Each step, once it is noted in metrics.jsonl. */
  onStep?: ((row: Readonly<MetricsRow>) => void) | undefined;
  /** What else happens, as it happens. */
  onEvent?: ((event: TrainEvent) => void) | undefined;
}
