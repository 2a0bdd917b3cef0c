// What takes a training's numbers beside metrics.jsonl, for other programs.
import type { SettledConfig } from "../config/common.ts";
import type { MetricsRow, RunDirectory } from "../run/directory.ts";
import type { WrittenPictures } from "./pictures.ts";

/** Takes what training notes. */
export interface TrainingLog {
  /** A step, all or nothing; the first one brings the settings with it. */
  step(row: MetricsRow): void;
  /** The pictures that the end of a training made. */
  pictures(step: number, made: WrittenPictures): void;
  /** Training has ended; sends what is left. Never throws. */
  end?(status: "FINISHED" | "KILLED" | "FAILED"): Promise<void>;
}

/** What a log is opened with. */
export interface LogRequest {
  run: RunDirectory;
  config: SettledConfig;
  /** Steps done before: what is there of later ones is void. */
  start: number;
  /** Takes a line for people. */
  say: (line: string) => void;
}
