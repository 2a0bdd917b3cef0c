// Preset `auto` meets the images: what is known of them, and the settings that come of it.
import { commandLine } from "../base/shell.ts";
import { counted } from "../base/text.ts";
import type { Dataset } from "../data/folder.ts";
import { PHOTOGRAPHS } from "../data/input.ts";
import { medianSide } from "../data/median-side.ts";
import type { Facts } from "../methods/about.ts";
import { fit } from "../methods/fit.ts";
import { AUTO } from "../methods/presets.ts";
import { FIRST_METHOD, methodNamed } from "../methods/registry.ts";
import { resolveWithInit } from "./init.ts";
import type { Plan } from "./plan.ts";

const FIRST = `method ${FIRST_METHOD}: it learns soonest; ${commandLine("compare", "DATA", "--budget", "20m")} tells which suits these images`;
/** Of images whose headers cannot be read, training says what is wrong. */
const UNKNOWN_SIDE = 224;

/** What preset `auto` chooses by. @param device LibTorch's name of it */
export async function factsOf({ train }: Pick<Dataset, "train">, device: string, seed: number): Promise<Facts> {
  return {
    images: train.items.length,
    side: (await medianSide(train, seed)) ?? UNKNOWN_SIDE,
    channels: (train.input ?? PHOTOGRAPHS).channels,
    device: device === "cpu" ? "cpu" : "gpu",
  };
}

/**
 * The plan with the settings that fit its images, where it is of preset `auto` and a run begins; others as they are.
 *
 * @param device LibTorch's name of it
 * @throws {UsageError} where the user's settings do not go with what was chosen
 */
export async function fitted(plan: Plan, data: Dataset, device: string): Promise<{ plan: Plan; reasons: string[] }> {
  const { config, given, sources, run, init, teacher } = plan;
  if (run !== null || config.preset !== AUTO) return { plan, reasons: [] };
  const facts = plan.facts ?? (await factsOf(data, device, config.seed));
  const { settings, reasons } = fit(methodNamed(config.method).about, facts, {
    ...{ ...init?.settings, ...teacher?.settings },
    ...given,
  });
  const { images, side, channels } = facts;
  const seen = `${counted(images, "image")} of ${side} px (short side, median)${channels === 3 ? "" : `, ${counted(channels, "channel")}`}`;
  return {
    plan: { ...plan, config: resolveWithInit(sources, init, settings) },
    reasons: [
      `preset auto for ${seen}, on a ${facts.device === "cpu" ? "CPU" : "GPU"}`,
      ...(given.method === undefined ? [FIRST] : []),
      ...reasons,
    ],
  };
}
