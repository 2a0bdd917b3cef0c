// What a comparison's terms mean for one of its runs: settings and length.
import { UsageError } from "../base/errors.ts";
import type { Config } from "../config/common.ts";
import type { Settings } from "../config/settings.ts";
import { either } from "../config/suggest.ts";
import { fit } from "../methods/fit.ts";
import { AUTO, presetOf, presetsIn } from "../methods/presets.ts";
import { methodNamed } from "../methods/registry.ts";
import { withSteps } from "../train/budget.ts";
import { trainingFlops } from "../train/flops.ts";
import { type Init, refuseMethod, resolveWithInit } from "../train/init.ts";
import type { Budget, Comparison, Terms } from "./plan.ts";

/** What the settings of a comparison say of images, as far as all methods share it. @throws {UsageError} where they make no sense */
export function sharedConfig({ methods, seeds, preset, backbone, settings }: Terms, init: Init | null = null): Config {
  const encoder = backbone === null ? {} : { encoder: backbone };
  return resolveWithInit({ flags: { method: methods[0], preset, seed: seeds[0], ...encoder, ...settings } }, init);
}

/**
 * The settings of one run, checked.
 *
 * @param terms of the comparison; with what is settled of its images, where they have been looked at
 * @param images how many there are to train on
 * @param init what every run begins with, open; null where that is random
 * @throws {UsageError} where they make no sense for the method, such as a ResNet for MAE
 */
export function settingsOf(
  terms: Terms & Pick<Comparison, "input" | "measured" | "facts">,
  method: string,
  seed: number,
  images: number,
  init: Init | null = null,
): Settings {
  const { preset, backbone, budget, settings, own = {}, input, measured, facts } = terms;
  refusePreset(method, preset);
  const fits = preset === AUTO && facts !== undefined;
  const given: Settings = {
    method,
    preset,
    seed,
    ...(!fits && { batch: Math.min(presetOf(methodNamed(method).about, preset).batch, images) }),
    ...(backbone !== null && { encoder: backbone }),
    ...(init && { init: init.path }),
    ...settings,
    ...own[method],
    ...(input && { channels: input.channels }),
    ...measured,
  };
  const length = { [budget.kind === "epochs" ? "epochs" : "steps"]: 1 };
  const known = { ...init?.settings, ...given, ...length };
  const fitted = fits ? fit(methodNamed(method).about, facts, known).settings : {};
  if (init) refuseMethod(init, method);
  const config = resolveWithInit({ flags: given }, init, fitted);
  const all = { ...given, ...lengthOf(budget, method, config, Math.max(1, Math.floor(images / config.batch))) };
  resolveWithInit({ flags: all }, init, fitted);
  return all;
}

/** @throws {UsageError} where the method has no such preset */
function refusePreset(method: string, preset: string): void {
  const { about } = methodNamed(method);
  const names = presetsIn(about);
  if (names.includes(preset)) return;
  throw new UsageError(`Expected ${either(names)} for --preset, which ${about.title} has, got ${preset}`);
}

/** What the budget means for a run. Where it sets the number of steps, warm-up is a tenth of them at most. */
function lengthOf(budget: Budget, method: string, config: Config, stepsPerEpoch: number): Settings {
  if (budget.kind === "time") return { budget: budget.value };
  const planned = withSteps(config, stepsFor(budget, method, config, stepsPerEpoch), stepsPerEpoch);
  const { epochs, steps, warmup_epochs } = planned;
  return budget.kind === "epochs" ? { epochs, warmup_epochs } : { epochs, steps, warmup_epochs };
}

function stepsFor(budget: Budget, method: string, config: Config, stepsPerEpoch: number): number {
  if (budget.kind === "steps") return budget.value[method]!;
  if (budget.kind === "epochs") return budget.value * stepsPerEpoch;
  return Math.max(1, Math.round(budget.value / (trainingFlops(config) * config.batch)));
}
