// Settings by channel, once it is known how many there are. A preset's three numbers for red, green and blue stand for any images:
// elsewhere each channel gets their average, which of ImageNet's is 0.449 and 0.226.
import { UsageError } from "../base/errors.ts";
import { counted } from "../base/text.ts";
import type { Config, SettledChannels, SettledConfig } from "./common.ts";
import { show } from "./words.ts";

const BY_CHANNEL = ["mean", "std"] as const;

/** A preset's numbers for so many channels: as they are where they fit, else their average for each. */
export function fitted(numbers: readonly number[], channels: number): number[] {
  if (numbers.length === channels) return [...numbers];
  const average = numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
  return Array<number>(channels).fill(Number(average.toPrecision(6)));
}

/**
 * The config with so many channels.
 *
 * @param given the settings that the user has chosen, which are not changed: their numbers must fit
 * @param measured for what is `auto`
 * @throws {UsageError} where mean or std was given for another number of channels
 */
export function withChannels(
  config: Config,
  channels: number,
  given: Readonly<Record<string, unknown>>,
  measured: Pick<SettledChannels, "mean" | "std"> | null = null,
): SettledConfig {
  const settled = { channels, mean: [] as number[], std: [] as number[] };
  for (const key of BY_CHANNEL) {
    const found = config[key];
    const numbers = found === "auto" ? measured?.[key] : found;
    if (numbers === undefined) throw new UsageError(`Expected numbers for ${key}, got auto before any image was read`);
    if (given[key] != null && numbers.length !== channels) throw new UsageError(misfit(key, numbers, channels));
    settled[key] = fitted(numbers, channels);
  }
  return { ...config, ...settled };
}

/** What is wrong with one number a channel that are too few or too many. */
export function misfit(key: (typeof BY_CHANNEL)[number], numbers: readonly number[], channels: number): string {
  return `Expected ${counted(channels, "number")} for ${key}, one a channel, got ${numbers.length} (${show(numbers)}); leave ${key} out, or set it to auto to have it measured`;
}

/** Whether nothing about its channels is left `auto`. */
export function isSettled(config: Config): config is SettledConfig {
  const { channels, mean, std } = config;
  return channels !== "auto" && mean !== "auto" && std !== "auto";
}

/**
 * The config as it is where no images have been looked at: `auto` channels are as many as settings name bands or numbers, mostly three;
 * an `auto` mean and deviation are a half.
 */
export function withoutImages(config: Config): SettledConfig {
  if (isSettled(config)) return config;
  const { bands, mean, std } = config;
  const named = bands ?? [mean, std].find((numbers) => numbers !== "auto");
  const channels = config.channels === "auto" ? (named?.length ?? 3) : config.channels;
  const half = fitted([0.5], channels);
  return withChannels(config, channels, {}, { mean: half, std: half });
}
