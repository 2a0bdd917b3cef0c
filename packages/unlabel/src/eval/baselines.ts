// What a score is worth only shows beside others: the same probe on the encoder before training, and on raw pixels.

import { getRngState, loadSafetensors, manualSeed, scope, setRngState, TorchError } from "@unlabel/torch";
import { UserError } from "../base/errors.ts";
import type { Config } from "../config/common.ts";
import type { Encoder } from "../encoders/encoder.ts";
import { createEncoder } from "../encoders/index.ts";
import { loadWeights } from "../encoders/weights/index.ts";
import type { Method } from "../methods/method.ts";
import { createMethod } from "../methods/registry.ts";

import { stepOf } from "../run/checkpoint-files.ts";
import type { RunDirectory } from "../run/directory.ts";
import { splitAverage } from "../train/average.ts";
import { loadInitial } from "../train/initial.ts";
import type { Evaluated, HasEncoder, OffTheShelf, Trained } from "./evaluated.ts";

/**
 * A method with random weights, bit for bit those of a run with that config and seed that was given none. LibTorch's generator is left as it
 * was: a program that evaluates now and then draws no numbers twice.
 */
export function untrainedMethod(config: Config, begin?: (encoder: Encoder) => void): Method {
  return seeded(config.seed, () => createMethod(config, begin));
}

function seeded<T>(seed: number, make: () => T): T {
  const state = getRngState();
  try {
    manualSeed(seed);
    return make();
  } finally {
    setRngState(state);
    state.dispose();
  }
}

/** An encoder with its weights: a run's newest, or those off the shelf. */
export function trainedOf(one: Evaluated, say?: (note: string) => unknown): Trained {
  if (one.run) return trainedMethod(one.run, say);
  const encoder = randomEncoder(one);
  loadWeights(encoder, (one as OffTheShelf).weights);
  return { method: { encoder, dispose: () => encoder.dispose() }, step: 0, notes: [], weightsAverage: null };
}

/** What it began with; of one off the shelf nobody knows: the same with random weights. */
export function initialOf(one: Evaluated): HasEncoder {
  if (one.run) return initialMethod(one.run);
  const encoder = randomEncoder(one);
  return { encoder, dispose: () => encoder.dispose() };
}

function randomEncoder({ config }: Evaluated): Encoder {
  return seeded(config.seed, () => createEncoder(config));
}

/** A run's method as it began: with random weights, which follow from its seed, or with those that it was given and keeps. */
export function initialMethod(run: RunDirectory): Method {
  const { config, init } = run.info;
  return untrainedMethod(config, init && ((encoder) => loadInitial(run, encoder)));
}

/**
 * A run's method with the weights of its newest whole checkpoint, the step that they were saved after, and what was damaged
 * where that is not the last one; `say` tells people of it. Where the run keeps an average of the encoder's weights, the encoder has
 * that, and `weightsAverage` is its decay; null where it has the last step's.
 *
 * @throws {UserError} where no weights are whole, or they do not fit run.json
 */
export function trainedMethod(
  run: RunDirectory,
  say = (note: string): unknown => process.stderr.write(`note: ${note}\n`),
): { method: Method; step: number; notes: string[]; weightsAverage: number | null } {
  const { path, step, notes } = run.newestWeights(stepOf);
  for (const note of notes) say(note);
  const { weights_average: weightsAverage } = run.info.config;
  const method = untrainedMethod(run.info.config);
  scope(() => {
    try {
      const weights = loadSafetensors(path).tensors;
      if (weightsAverage === null) method.loadStateDict(weights);
      else {
        const { own, average } = splitAverage(weights);
        method.loadStateDict(own);
        method.encoder.loadStateDict(average);
      }
    } catch (error) {
      if (!(error instanceof TorchError)) throw error;
      throw new UserError(
        `Expected weights that fit run.json in ${run.path}; one of the two was edited: ${error.message}`,
      );
    }
  });
  return { method, step, notes, weightsAverage };
}
