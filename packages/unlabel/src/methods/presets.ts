// The presets of a method, whole: common defaults ← the method's ← the preset's.
import type { Config, SettledChannels } from "../config/common.ts";
import { DEFAULTS } from "../config/defaults.ts";
import type { About } from "./about.ts";
import { abouts } from "./abouts.ts";

/** Settings of a preset, whose means and deviations are numbers. */
export type PresetConfig = Config & Pick<SettledChannels, "mean" | "std">;

/** The settings of one preset; every key of the method is there. */
export function presetOf(about: About, preset: string): PresetConfig {
  const { name: method, defaults, presets } = about;
  // Whole by construction; a test resolves each one.
  return { ...DEFAULTS, ...defaults, ...presets[preset], method, preset } as unknown as PresetConfig;
}

export function presetsOf(about: About): Record<string, PresetConfig> {
  return Object.fromEntries(Object.keys(about.presets).map((preset) => [preset, presetOf(about, preset)]));
}

/** The same by the name of a method. @throws {RangeError} for another */
export function presetConfig(method: string, preset: string): PresetConfig {
  const about = abouts().find(({ name }) => name === method);
  if (!about || !(preset in about.presets))
    throw new RangeError(`Expected a method and its preset, got ${method} ${preset}`);
  return presetOf(about, preset);
}

/** The names of all presets of these methods, the most faithful to a source first. */
export function presetNames(of: readonly About[] = abouts()): string[] {
  return [...new Set(of.flatMap(({ presets }) => Object.keys(presets)))];
}
