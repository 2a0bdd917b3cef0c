// The presets of a method, whole: common defaults ← the method's ← the preset's.
import type { Config, SettledChannels } from "../config/common.ts";
import { DEFAULTS } from "../config/defaults.ts";
import type { About } from "./about.ts";
import { ABOUTS, abouts } from "./abouts.ts";

/** Settings of a preset, whose means and deviations are numbers. */
export type PresetConfig = Config & Pick<SettledChannels, "mean" | "std">;

/** The preset that fits the images, which every method has: fit.ts chooses, over the values of `small`. */
export const AUTO = "auto";

/** The settings of one preset; every key of the method is there. Those of `auto` are what it starts from. */
export function presetOf(about: About, preset: string): PresetConfig {
  const { name: method, defaults, presets } = about;
  const own = presets[preset === AUTO ? "small" : preset];
  // Whole by construction; a test resolves each one.
  return { ...DEFAULTS, ...defaults, ...own, method, preset } as unknown as PresetConfig;
}

/** Names of a method's presets, `auto` first. */
export function presetsIn({ presets }: Pick<About, "presets">): string[] {
  return [AUTO, ...Object.keys(presets)];
}

export function presetsOf(about: About): Record<string, PresetConfig> {
  return Object.fromEntries(presetsIn(about).map((preset) => [preset, presetOf(about, preset)]));
}

/** The same by the name of a method. @throws {RangeError} for another */
export function presetConfig(method: string, preset: string): PresetConfig {
  const about = abouts().find(({ name }) => name === method);
  if (!about || !presetsIn(about).includes(preset))
    throw new RangeError(`Expected a method and its preset, got ${method} ${preset}`);
  return presetOf(about, preset);
}

/** Presets whose cost is forecast where nothing says which: `small` is what `auto` begins with. */
export function forecastPresets(): string[] {
  return presetNames().filter((preset) => preset !== "small");
}

/** One of each kind: views set against each other, a copy that follows, hidden patches. Other methods cost about what one of these does. */
const FORECAST = ["simclr", "byol", "mae"];

/** Methods whose cost is forecast where nothing says which: one of each kind, and those that a program or a plugin added. */
export function forecastMethods(): string[] {
  const own = new Set(ABOUTS.map(({ name }) => name));
  return abouts().flatMap(({ name }) => (FORECAST.includes(name) || !own.has(name) ? [name] : []));
}

/** The names of all presets of these methods: `auto`, then the most faithful to a source first. */
export function presetNames(of: readonly About[] = abouts()): string[] {
  return [...new Set(of.flatMap(presetsIn))];
}
