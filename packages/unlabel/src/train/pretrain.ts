// Pretraining from end to end: plan, data, model, loop, and a run directory that tells what came of it.
import { holdOut } from "../data/hold-out.ts";
import { openImages, openImagesAs } from "../data/open-images.ts";
import { tellUnderstood } from "../data/understood.ts";
import type { Listeners } from "./events.ts";
import type { Pretrained } from "./finish.ts";
import { initOf, type Request, teacherOf } from "./plan.ts";
import { planTogether } from "./plan-together.ts";
import type { ProgressStream } from "./progress.ts";
import type { RankGroup } from "./rank-group.ts";
import { NOBODY_ELSE } from "./rank-group.ts";
import type { Ranks } from "./ranks.ts";
import { ranksFromEnv } from "./ranks-env.ts";
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
  /** This process's place among several that train together; by default what a launcher's variables say. */
  ranks?: Ranks;
  /** The ranks themselves, where they have met already; then they part elsewhere. */
  group?: RankGroup;
}

/**
 * Trains an encoder on a folder of images, or continues a run.
 *
 * @throws {UsageError} for settings that make no sense
 * @throws {InterruptedError} where it was stopped before there was anything to save
 * @throws {UserError} for images that cannot be used, a taken run directory, a device that is not there, a loss that diverges
 */
export async function pretrain(request: PretrainRequest): Promise<Pretrained> {
  if (request.group) return await asPlanned(request, request.group);
  const ranks = request.ranks ?? ranksFromEnv();
  if (ranks.worldSize === 1) return await asPlanned(request, NOBODY_ELSE);
  const { joinForTraining } = await import("./join.ts");
  const group = await joinForTraining(ranks, request.settings);
  try {
    const done = await asPlanned(request, group);
    group.leave();
    return done;
  } catch (thrown) {
    const error = group.explained(thrown);
    group.leave(error);
    throw error;
  }
}

async function asPlanned(request: PretrainRequest, group: RankGroup): Promise<Pretrained> {
  const { tellData = true, signal, processSignals } = request;
  // Rank 0 alone is heard.
  const { stream = process.stderr, onStep, onEvent } = group.first ? request : { ...request, ...SILENT };
  using init = await initOf(request, stream);
  using teacher = await teacherOf(request, stream);
  const planned = await planTogether(request, { init, teacher }, group);
  const { config, input } = planned;
  const opened = await (input ? openImagesAs(planned.data, input) : openImages(planned.data, config, config.seed));
  // A run that goes on trains on what it began with.
  const saved = planned.run ? (planned.run.info.data.held_out ?? null) : request.heldOut;
  const data = config.hold_out ? holdOut(opened, saved) : opened;
  if (tellData) tellUnderstood(data, stream);
  const { train } = await import("./session.ts");
  return await train(planned, data, { stream, signal, processSignals, listeners: { onStep, onEvent }, group });
}

/** What ranks other than the first are heard by. */
const SILENT = { stream: { write: () => true }, onStep: undefined, onEvent: undefined };
