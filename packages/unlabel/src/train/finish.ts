// The end of a training, good or bad: run.json tells the truth of it, whatever happened.
import { memory } from "@unlabel/torch";
import { InterruptedError } from "../base/errors.ts";
import { isDiskFull } from "../base/files.ts";
import type { SettledConfig } from "../config/common.ts";
import type { Dataset } from "../data/folder.ts";
import type { Method } from "../methods/method.ts";
import type { RunDirectory, RunInfo, RunResult } from "../run/directory.ts";
import { LostLock } from "../run/lock.ts";
import { summarize } from "../run/summary.ts";
import { stepsOf } from "./budget.ts";
import { explainMemory } from "./memory.ts";
import { writePictures } from "./pictures.ts";
import type { Progress } from "./progress.ts";
import { NoRoom, withRoom } from "./room.ts";
import type { StopRequest } from "./stop.ts";
import type { TrainingLog } from "./training-log.ts";
import type { Watch } from "./watch.ts";

/** What pretraining came to. */
export interface Pretrained {
  /** The run directory. */
  run: string;
  /** What run.json holds. */
  info: RunInfo;
  /** Steps, seconds, losses. */
  result: RunResult;
  /** Whether it was asked to stop early; its state is saved. */
  interrupted: boolean;
}

export interface Ended {
  run: RunDirectory;
  method: Method;
  config: SettledConfig;
  data: Dataset;
  stepsPerEpoch: number;
  watch: Watch | null;
  log: TrainingLog | null;
  progress: Progress;
  stop: StopRequest;
  /** The command line that goes on with it; null where whoever asked knows. */
  goOn: string | null;
}

/**
 * Notes that training has come to `step`, all of it or interrupted before.
 *
 * @throws {InterruptedError} where it was asked to stop before anything was saved
 */
export async function finish(step: number, ended: Ended): Promise<Pretrained> {
  const { run, method, config, data, stepsPerEpoch, watch, log, progress, stop, goOn } = ended;
  const interrupted = step < stepsOf(run.info.config, stepsPerEpoch);
  if (step === 0) {
    throw new InterruptedError(
      `Interrupted before anything was saved${goOn === null ? "" : `; begin again with: ${goOn}`}`,
    );
  }
  if (!interrupted) watch?.record.ends(step);
  const room = { folder: run.path, progress, stop, kept: "all else" };
  if (!interrupted) {
    const draw = async () => {
      const pictures = await writePictures(run.path, method, config, data, run.info.device);
      if (pictures) log?.pictures(step, pictures);
    };
    try {
      await withRoom("pictures", draw, room);
    } catch (error) {
      // Asked to leave meanwhile: the training is done, and saved.
      if (!(error instanceof NoRoom)) throw error;
      progress.log("It ends without pictures");
    }
  }
  const result = summarize(run, config.batch, stepsPerEpoch, memory().peakRssMb);
  const status = interrupted ? "interrupted" : "done";
  const changes = { status, finished: new Date().toISOString(), result, ...healthOf(watch) } as const;
  if (interrupted) updateIfRoom(run, changes);
  else await withRoom("run.json", () => run.update(changes), room);
  return { run: run.path, info: run.info, result, interrupted };
}

/**
 * Notes why training did not come to its end, and returns the error in words that help. A run that another process has taken over
 * is that one's to tell of.
 */
export function fail(thrown: unknown, { run, config, watch }: Pick<Ended, "run" | "config" | "watch">): unknown {
  const error = explainMemory(thrown, config);
  // It has not begun to go on, or its end is told already: then a listener has thrown.
  if (error instanceof LostLock || run.info.status !== "running") return error;
  if (error instanceof InterruptedError) updateIfRoom(run, { status: "interrupted" });
  else {
    const message = error instanceof Error ? error.message : String(error);
    updateIfRoom(run, { status: "failed", error: message, ...healthOf(watch) });
  }
  return error;
}

function healthOf(watch: Watch | null): Pick<RunInfo, "health"> {
  return watch ? { health: watch.health } : {};
}

/** Changes run.json on the way out; where the disk is full it stays as it was, which resuming understands. */
function updateIfRoom(run: RunDirectory, changes: Partial<RunInfo>): void {
  try {
    run.update(changes);
  } catch (error) {
    if (!isDiskFull(error)) throw error;
  }
}
