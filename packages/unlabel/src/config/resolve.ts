// From what the user said to a complete config: preset ← what it fitted to the images ← file ← flags, checked as a whole, every refusal naming the key. Knows no
// method or encoder by name: those there are come as a list.
import { z } from "zod";
import { UsageError } from "../base/errors.ts";
import { kept } from "../base/kept.ts";
import { fitted } from "./channels.ts";
import { type Config, commonSchema, variantSchema } from "./common.ts";
import { contradictions } from "./contradictions.ts";
import { oneOf } from "./fields.ts";
import type { Settings } from "./settings.ts";
import { nearest } from "./suggest.ts";
import { choice, describe, once, show } from "./words.ts";

/** Where settings come from beside the preset; flags win over the file. */
export interface Sources {
  /** Settings of the config file, and the file's name for messages. */
  file?: { name: string; settings: Settings };
  /** Settings from the command line. */
  flags?: Settings;
  /** What preset `auto` chose for the images at hand, over its values and under the user's. */
  fitted?: Settings;
}

/** What a method brings to its configs. */
export interface Configurable {
  name: string;
  /** Every preset, whole: common keys and own ones. */
  presets: Readonly<Record<string, Config>>;
  /** The encoders that it can train. */
  encoders: readonly [string, ...string[]];
  /** Whether an encoder is a ViT, and so has patches. */
  isVit: (encoder: string) => boolean;
  /** Its own keys. */
  schema: z.ZodRawShape;
  /** Settings that contradict each other, a line each. @param given the settings that the user has just given */
  check?: ((config: Config, given: Settings) => string[]) | undefined;
}

/** The schema of a method's whole config. Put together once for each: zod compiles one where it is first used. */
export const schemaOf = kept(({ name, presets, encoders, schema }: Configurable) =>
  z.strictObject({
    method: z.literal(name),
    preset: z.enum(Object.keys(presets)),
    encoder: oneOf(...encoders),
    ...commonSchema,
    ...variantSchema,
    ...schema,
  }),
);

/**
 * Merges preset ← fitted ← file ← flags and checks the outcome.
 *
 * @param methods those there are
 * @param otherwise method and preset where none is asked for
 * @returns plain data with every key of the method; feeding it back gives itself
 * @throws {UsageError} naming each misspelt, misplaced or senseless setting, and where it came from
 */
export function resolveWith(
  methods: readonly Configurable[],
  { file, flags = {}, fitted = {} }: Sources,
  otherwise: { method?: string; preset: string },
): Config {
  // Of the two that set a run's length, a flag overrules a file's.
  const length: Settings =
    "epochs" in flags && !("steps" in flags) && file?.settings.steps != null ? { steps: null } : {};
  const given: Settings = { ...file?.settings, ...length, ...flags };
  const misspelt =
    given.method === undefined &&
    Object.keys(given).find((key) => !isSettingOf(methods, key) && nearest(key, ["method"]));
  if (misspelt) throw new UsageError(`Unknown setting ${misspelt} (did you mean method?)`);
  const kept = Object.keys(flags).find((key) => key in variantSchema);
  if (kept) {
    throw new UsageError(
      `Expected no ${kept} among the settings, got ${show(flags[kept])}; it is the encoder's that a run begins with`,
    );
  }
  const names = methods.map(({ name }) => name);
  const name = choice("method", given.method, names, otherwise.method);
  const method = methods[names.indexOf(name)]!;
  const own = file?.settings.method;
  if (file && own !== undefined && own !== name) {
    throw new UsageError(
      `Expected settings of ${name} in ${file.name}, got those of ${show(own)}; leave out --method, or give another --config`,
    );
  }
  const preset = choice("preset", given.preset, Object.keys(method.presets), otherwise.preset);
  const origin = (key: string) => {
    if (key in flags) return "";
    return file && key in file.settings ? ` (in ${file.name})` : ` (of preset ${preset})`;
  };
  const all: Settings = { ...presetFor(method, preset, given), ...fitted, ...given, method: name, preset };
  const parsed = schemaOf(method).safeParse(all);
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap((issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((key) => unknownKey(methods, key, method) + origin(key))
        : describe(issue, all) + origin(String(issue.path[0])),
    );
    throw new UsageError(once(problems));
  }
  const config: Config = fittingPreset(parsed.data, given);
  refuseContradictions(method, config, flags);
  return config;
}

/** @param flags the settings that the user has just given @throws {UsageError} for settings that make no sense together */
export function refuseContradictions(method: Configurable, config: Config, flags: Settings): void {
  const problems = [
    ...contradictions(config, flags, method.isVit(config.encoder)),
    ...(method.check?.(config, flags) ?? []),
  ];
  if (problems.length > 0) throw new UsageError(once(problems));
}

/** The preset's settings; its eval_size and size_start go with its own size and with ResNets. */
function presetFor({ presets, isVit }: Configurable, preset: string, { size, encoder }: Settings): Config {
  const config = presets[preset]!;
  const other = size !== undefined || (typeof encoder === "string" && isVit(encoder));
  return other ? { ...config, eval_size: null, size_start: null } : config;
}

/** Where the number of channels is given, a preset's mean and deviation of three are made that many. */
function fittingPreset(config: Config, given: Settings): Config {
  const { channels, mean, std } = config;
  if (channels === "auto") return config;
  return {
    ...config,
    ...(mean !== "auto" && !("mean" in given) && { mean: fitted(mean, channels) }),
    ...(std !== "auto" && !("std" in given) && { std: fitted(std, channels) }),
  };
}

/** Whether any of the methods has such a setting. */
export function isSettingOf(methods: readonly Configurable[], key: string): boolean {
  return key in HEADER || key in commonSchema || methods.some(({ schema }) => key in schema);
}

const HEADER = { method: true, preset: true, encoder: true };

function unknownKey(methods: readonly Configurable[], key: string, { name, schema }: Configurable): string {
  const owners = methods.flatMap((other) => (key in other.schema ? [other.name] : []));
  if (owners.length > 0) return `Expected settings of ${name}, got ${key}, which belongs to ${listed(owners)}`;
  const known = Object.keys({ ...HEADER, ...commonSchema });
  const guess =
    nearest(key, [...known, ...Object.keys(schema)]) ??
    nearest(
      key,
      methods.flatMap((one) => Object.keys(one.schema)),
    );
  return `Unknown setting ${key}${guess ? ` (did you mean ${guess}?)` : ""}`;
}

/** "a", "a and b", "a, b and c". */
function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
