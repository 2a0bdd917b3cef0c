// From what the user said to a complete config: preset ← file ← flags, checked as a whole, every refusal naming the key.
import { readFileSync } from "node:fs";
import { parse, YAMLParseError } from "yaml";
import type { z } from "zod";
import { UsageError } from "../errors.ts";
import { presetConfig } from "./presets.ts";
import { type Config, METHODS, type MethodName, PRESETS, schemas } from "./schema.ts";
import { nearest } from "./suggest.ts";

/** Settings as they come from a file or from flags: names and values not yet checked. */
export type Settings = Record<string, unknown>;

export interface Sources {
  /** Settings of the config file, and the file's name for messages. */
  file?: { name: string; settings: Settings };
  /** Settings from the command line. */
  flags?: Settings;
}

/**
 * Merges preset ← file ← flags and checks the outcome.
 *
 * @returns plain data with every key of the method; feeding it back gives itself
 * @throws {UsageError} naming each misspelt, misplaced or senseless setting, and where it came from
 */
export function resolveConfig({ file, flags = {} }: Sources): Config {
  const given = { ...file?.settings, ...flags };
  const method = choice("method", given.method, METHODS, undefined);
  const preset = choice("preset", given.preset, PRESETS, "small");
  const origin = (key: string) => {
    if (key in flags) return "";
    return file && key in file.settings ? ` (in ${file.name})` : ` (of preset ${preset})`;
  };
  const parsed = schemas[method].safeParse({ ...presetConfig(method, preset), ...given, method, preset });
  const problems = parsed.success
    ? contradictions(parsed.data, flags)
    : parsed.error.issues.flatMap((issue) => describe(issue, method, given, origin));
  if (!parsed.success || problems.length > 0) throw new UsageError(problems.join("; "));
  return parsed.data;
}

/**
 * Reads settings from a YAML or JSON file, or from the `config` of a run.json.
 *
 * @throws {UsageError} where the file cannot be read or holds no settings
 */
export function readSettings(path: string): Settings {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : error;
    throw new UsageError(`Expected a readable file for --config, got ${path} (${String(code)})`);
  }
  let content: unknown;
  try {
    content = parse(text);
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    throw new UsageError(`Expected YAML or JSON in ${path}: ${error.message.split("\n")[0]?.replace(/:$/, "")}`);
  }
  if (content === null) return {};
  if (!isSettings(content))
    throw new UsageError(`Expected settings such as "lr: 0.001" in ${path}, got ${show(content)}`);
  if (!("config" in content && "schema" in content)) return content;
  if (!isSettings(content.config))
    throw new UsageError(`Expected an object for "config" in ${path}, got ${show(content.config)}`);
  return content.config;
}

/** A flag's text as the value it means, by YAML's rules: `3e-4` is a number, `true` a boolean, `[0.9, 0.95]` a list. */
export function parseValue(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return text;
  }
}

function isSettings(value: unknown): value is Settings {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function choice<T extends string>(key: string, value: unknown, words: readonly T[], otherwise: T | undefined): T {
  const found = words.find((word) => word === (value ?? otherwise));
  if (found !== undefined) return found;
  const got = value === undefined ? "none" : show(value);
  const guess = typeof value === "string" ? nearest(value, words) : null;
  throw new UsageError(
    `Expected ${words.join(" or ")} for ${key}, got ${got}${guess ? ` (did you mean ${guess}?)` : ""}`,
  );
}

/** A line for each thing that zod found wrong. */
function describe(
  issue: z.core.$ZodIssue,
  method: MethodName,
  given: Settings,
  origin: (key: string) => string,
): string[] {
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey(key, method) + origin(key));
  const key = String(issue.path[0]);
  const value = given[key];
  const guess =
    typeof value === "string" && issue.code === "invalid_value" ? nearest(value, issue.values.map(String)) : null;
  return [
    `Expected ${issue.message} for ${key}, got ${show(value)}${guess ? ` (did you mean ${guess}?)` : ""}${origin(key)}`,
  ];
}

function unknownKey(key: string, method: MethodName): string {
  const owners = METHODS.filter((other) => key in schemas[other].shape);
  if (owners.length > 0) return `Expected settings of ${method}, got ${key}, which belongs to ${owners.join(" and ")}`;
  const guess =
    nearest(key, Object.keys(schemas[method].shape)) ??
    nearest(
      key,
      METHODS.flatMap((m) => Object.keys(schemas[m].shape)),
    );
  return `Unknown setting ${key}${guess ? ` (did you mean ${guess}?)` : ""}`;
}

/** Settings that are each allowed but make no sense together, and flags that would change nothing. */
function contradictions(config: Config, flags: Settings): string[] {
  const vit = config.encoder.startsWith("vit");
  const adam = config.optimizer.startsWith("adam");
  const transformer = config.method === "mae" && config.decoder === "transformer";
  const problems: string[] = [];
  const refuse = (key: string, when: boolean, why: string) => {
    if (key in flags && when) problems.push(`Expected no ${key} with ${why}, where it would change nothing`);
  };
  refuse("patch", !vit, `encoder ${config.encoder}`);
  refuse("stem", vit, `encoder ${config.encoder}`);
  refuse("betas", !adam, `optimizer ${config.optimizer}`);
  refuse("momentum", adam, `optimizer ${config.optimizer}`);
  if (config.method === "mae") {
    refuse("decoder_depth", !transformer, `decoder ${config.decoder}`);
    refuse("decoder_heads", !transformer, `decoder ${config.decoder}`);
  }
  if (vit && config.size % config.patch !== 0) {
    problems.push(`Expected a size that patch ${config.patch} divides, got ${config.size}`);
  }
  if (config.warmup_epochs > config.epochs) {
    problems.push(
      `Expected at most epochs (${config.epochs}) for warmup_epochs, got ${config.warmup_epochs}; set warmup_epochs too`,
    );
  }
  if (config.method === "simclr" && config.batch < 2) {
    problems.push("Expected at least 2 for batch, since SimCLR contrasts an image with the others of its batch, got 1");
  }
  if (config.method === "mae") {
    const patches = Math.floor(config.size / config.patch) ** 2;
    const visible = Math.floor(patches * (1 - config.mask_ratio));
    if (visible < 1 || visible >= patches) {
      problems.push(
        `Expected a mask_ratio that leaves some of ${patches} patches visible and hides some, got ${config.mask_ratio}`,
      );
    }
    if (transformer && config.decoder_width % config.decoder_heads !== 0) {
      problems.push(
        `Expected a decoder_width that decoder_heads ${config.decoder_heads} divides, got ${config.decoder_width}`,
      );
    }
    if (transformer && config.decoder_width % 4 !== 0) {
      problems.push(
        `Expected a multiple of 4 for decoder_width (sin-cos positions on two axes), got ${config.decoder_width}`,
      );
    }
  }
  return problems;
}

/** The learning rate at the top of the schedule: `lr` scaled for the batch size as `lr_scaling` says. */
export function peakLr({ lr, lr_scaling, batch }: Pick<Config, "lr" | "lr_scaling" | "batch">): number {
  if (lr_scaling === "linear") return (lr * batch) / 256;
  return lr_scaling === "sqrt" ? lr * Math.sqrt(batch) : lr;
}
