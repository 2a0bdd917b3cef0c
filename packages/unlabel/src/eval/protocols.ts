// The work of `evaluate`, which needs the engine: one pass encodes the images, each protocol works on these features, and only
// fine-tuning and training from scratch see images again.

import { setImmediate } from "node:timers/promises";
import type { Dataset } from "../data/folder.ts";
import { CHEAP_PROTOCOLS, type Evaluations, type Protocol, type Score } from "../run/evaluations.ts";
import { initialOf, trainedOf } from "./baselines.ts";
import { encodeSplits } from "./encode.ts";
import type { Evaluated, HasEncoder } from "./evaluated.ts";
import { fewShots, knn, linear, retrieval, type Subject } from "./feature-protocols.ts";
import { checksum } from "./features.ts";
import type { LookedImages } from "./indicator-images.ts";
import { indicators } from "./indicators.ts";
import { KnownBaselines } from "./known-baselines.ts";
import { network } from "./network-protocols.ts";
import type { EvaluateOptions } from "./options.ts";
import { type Drawn, drawPictures } from "./pictures.ts";
import { EvaluationSession } from "./session.ts";
import { isShared } from "./shared-rows.ts";
import type { ProbeSplits } from "./splits.ts";
import { sameOnAll } from "./together.ts";
import { trainingCost } from "./training-cost.ts";
import { drawUnlabelled } from "./unlabelled-pictures.ts";

export interface Request {
  seed: number;
  /** Edge of the images. */
  size: number;
  protocols: readonly Protocol[];
  /** Whether to draw them, where features are encoded at all. */
  pictures: boolean;
}

/** Which images are evaluated on. */
export interface Images {
  /** Labelled ones; null where no protocol needs labels. */
  splits: ProbeSplits | null;
  /** Those that are looked at without labels; null where `indicators` is not asked for. */
  looked: LookedImages | null;
}

/** Of images without labels, on which nothing is fitted. */
function unlabelledSplits({ split }: LookedImages): ProbeSplits {
  return { train: split, val: split, seed: null, notes: [] };
}

/** Runs the protocols asked for on a run's last checkpoint, or on an encoder off the shelf; nothing is written. */
export async function runProtocols(
  one: Evaluated,
  data: Dataset,
  { splits, looked }: Images,
  { seed, size, protocols, pictures: wanted }: Request,
  options: EvaluateOptions,
): Promise<{ evaluations: Evaluations; pictures: Drawn | null }> {
  const { mean, std } = one.config;
  // The session says these notes with its own.
  const { method: trained, step, notes, weightsAverage } = trainedOf(one, () => {});
  const known = {
    ...(splits ?? unlabelledSplits(looked!)),
    notes: [...(splits?.notes ?? []), ...notes, ...one.notes],
  };
  const session = new EvaluationSession(data, known, seed, { size, mean, std, ...one.resize }, options, weightsAverage);
  const untrained = initialOf(one);
  const asked = new Set(protocols);
  const baselines = new KnownBaselines(session, untrained, options);
  if (isShared(options.ranks))
    await sameOnAll(options.ranks, { step, weights: checksum(trained.encoder).slice(0, 16) });
  const evaluations: Evaluations = {};
  // The others encode their part, and nothing else.
  const first = (options.ranks?.rank ?? 0) === 0;
  let pictures: Drawn | null = null;
  /** Lets what has happened meanwhile be heard, a program's wish to end it among that. */
  const pause = async () => {
    await setImmediate();
    options.signal?.throwIfAborted();
  };
  try {
    if (CHEAP_PROTOCOLS.some((one) => asked.has(one))) {
      using subject = await encode(session, trained, untrained, step, baselines);
      await pause();
      if (first) pictures = await workedOut(subject, evaluations, { asked, wanted, options, pause });
    }
    if (looked && asked.has("indicators")) {
      await pause();
      const told = await indicators(session, trained, untrained, step, looked, {
        seed: options.splitSeed ?? options.seed ?? 0,
        pixels: options.pixels ?? true,
        training: one.run && trainingCost(one.run.info, size),
        size: options.looked,
        baselines,
        // Where there are labels, what is drawn with them says more.
        ...(wanted &&
          splits === null &&
          data.classes.length < 2 && {
            onSeen: async (seen) => {
              pictures = await drawUnlabelled(session, seen, step);
            },
          }),
      });
      if (told) evaluations.indicators = told;
    }
    if (!first) return { evaluations, pictures };
    // From scratch first, while the untrained weights are still untrained.
    if (asked.has("supervised")) {
      evaluations.supervised = await network(session, "supervised", untrained, step, options.network);
    }
    if (asked.has("fine-tune")) {
      const scratch = evaluations.supervised;
      evaluations["fine-tune"] = {
        ...(await network(session, "fine-tune", trained, step, options.network)),
        ...(scratch && { scratch: plain(scratch) }),
      };
    }
    return { evaluations, pictures };
  } finally {
    session.end();
    trained.dispose();
    untrained.dispose();
  }
}

interface Wanted {
  asked: ReadonlySet<Protocol>;
  /** Whether pictures are. */
  wanted: boolean;
  options: EvaluateOptions;
  pause: () => Promise<void>;
}

/** Fills `evaluations` with what works on features and labels, and draws them. */
async function workedOut(
  subject: Subject,
  evaluations: Evaluations,
  { asked, wanted, options, pause }: Wanted,
): Promise<Drawn | null> {
  const fitted = asked.has("linear") ? linear(subject, options.linear ?? {}) : null;
  await pause();
  const voted = asked.has("knn") || (wanted && !fitted) ? knn(subject, options.knn ?? {}) : null;
  if (fitted) evaluations.linear = fitted.file;
  if (voted && asked.has("knn")) evaluations.knn = voted.file;
  await pause();
  if (asked.has("few-shot")) evaluations["few-shot"] = fewShots(subject, options.shares);
  await pause();
  if (asked.has("retrieval")) evaluations.retrieval = retrieval(subject);
  const by = fitted ? "linear" : "knn";
  const predicted = fitted?.predicted ?? voted?.predicted;
  return wanted && predicted ? await drawPictures(subject, predicted, by) : null;
}

async function encode(
  session: EvaluationSession,
  trained: HasEncoder,
  untrained: HasEncoder,
  step: number,
  baselines: KnownBaselines,
): Promise<Subject & Disposable> {
  const { train, val, view, machine, onSkip } = session;
  const { device } = machine;
  for (const { encoder } of [trained, untrained]) encoder.to({ device, memoryFormat: "channels_last" });
  using phase = session.phase("encoding", train.items.length + val.items.length, "image", 0);
  const encoded = await baselines.completed((missing) =>
    encodeSplits({ trained, ...(missing.untrained && { untrained }) }, train, val, missing.pixels, {
      ...machine,
      view,
      batch: 256,
      onProgress: (count) => phase.update(count),
      onSkip,
    }),
  );
  return { ...encoded, session, step };
}

function plain({ top1, top5, f1, balanced, per_class, interval }: Score): Score {
  return { top1, top5, f1, balanced, per_class, ...(interval && { interval }) };
}
