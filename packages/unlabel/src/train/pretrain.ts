// Pretraining from end to end: plan, data, model, loop, and a run directory that tells what came of it.
import { holdOut } from "../data/hold-out.ts";
import { openImages, openImagesAs } from "../data/open-images.ts";
import { tellUnderstood } from "../data/understood.ts";
import type { Listeners } from "./events.ts";
import type { Pretrained } from "./finish.ts";
import { initOf, plan, type Request, teacherOf } from "./plan.ts";
import type { ProgressStream } from "./progress.ts";
import type { StopSources } from "./stop.ts";

export type { Listeners, TrainEvent } from "./events.ts";
export type { Pretrained } from "./finish.ts";
export type { StopSources } from "./stop.ts";

/** What to train, on what, and where to. */
export interface PretrainRequest extends Request, Listeners, StopSources {
  /** Where progress goes; by default stderr. */
  stream?: ProgressStream;
  /** Whether it begins with how the images were understood; default true. */
  tellData?: boolean;
}

/**
 * Trains an encoder on a folder of images, or continues a run.
 *
 * @throws {UsageError} for settings that make no sense
 * @throws {InterruptedError} where it was stopped before there was anything to save
 * @throws {UserError} for images that cannot be used, a taken run directory, a device that is not there, a loss that diverges
 */
export async function pretrain(request: PretrainRequest): Promise<Pretrained> {
  const { stream = process.stderr, tellData = true, signal, processSignals, onStep, onEvent } = request;
  using init = await initOf(request, stream);
  using teacher = await teacherOf(request, stream);
  const planned = plan(request, init, teacher);
  const { config, input } = planned;
  const opened = await (input ? openImagesAs(planned.data, input) : openImages(planned.data, config, config.seed));
  // A run that goes on trains on what it began with.
  const saved = planned.run ? (planned.run.info.data.held_out ?? null) : request.heldOut;
  const data = config.hold_out ? holdOut(opened, saved) : opened;
  if (tellData) tellUnderstood(data, stream);
  const { train } = await import("./session.ts");
  return await train(planned, data, { stream, signal, processSignals, listeners: { onStep, onEvent } });
}
