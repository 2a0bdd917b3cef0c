// What evaluation, embedding and search may be asked for: the ranges that the command line has, in the same words.
import { UsageError } from "../base/errors.ts";
import { evaluationSettings, knnSettings, linearSettings, networkSettings } from "../config/evaluation.ts";
import type { Settings } from "../config/settings.ts";
import { checkSettings, choice, show } from "../config/words.ts";
import { PROTOCOLS, type Protocol } from "../run/evaluations.ts";
import type { EvaluateOptions } from "./options.ts";
import type { MachineOptions } from "./session.ts";

/** @param more others of the settings of evaluation @throws {UsageError} naming each setting that makes no sense */
export function checkOptions(options: MachineOptions & { size?: number | undefined }, more: Settings = {}): void {
  const { threads, device, precision, size } = options;
  checkSettings(evaluationSettings, { threads, device, precision, size, ...more });
}

/** @throws {UsageError} for protocols that there are not, and settings that make no sense */
export function checkEvaluation(options: EvaluateOptions, protocols: readonly Protocol[]): void {
  if (!Array.isArray(protocols)) throw new UsageError(`Expected a list of protocols, got ${show(protocols)}`);
  if (protocols.length === 0) throw new UsageError("Expected one protocol or more, got none");
  for (const protocol of protocols) choice("protocols", protocol, PROTOCOLS, undefined);
  const { seed, splitSeed: split_seed, shares, linear, knn, network, looked } = options;
  checkOptions(options, { seed, split_seed, shares, indicator_images: looked?.images });
  checkSettings(linearSettings, { ...linear });
  checkSettings(knnSettings, { ...knn });
  checkSettings(networkSettings, { ...network });
}
