// From what the user said to a complete config: preset ← file ← flags, checked as a whole, every refusal naming the key.
import { readFileSync, statSync } from "node:fs";
import { parse } from "yaml";
import type { z } from "zod";
import { UsageError } from "../base/errors.ts";
import { contradictions } from "./contradictions.ts";
import { presetConfig } from "./presets.ts";
import { type Config, METHODS, type MethodName, PRESETS, type PresetName, schemas } from "./schema.ts";
import type { Settings } from "./settings.ts";
import { nearest } from "./suggest.ts";

export type { Settings } from "./settings.ts";

/** A run.json that lists tens of thousands of classes stays far below. */
const MAX_BYTES = 10_000_000;

// A few hundred levels of YAML exhaust its parser's stack, which can end the process where V8 compiles an expression just
// then. Settings are flat: so many characters, opened brackets and dashes in a row none have.
const MAX_YAML = 32_768;
const MAX_BRACKETS = 200;
const DASHES = /(?:[-?:]\s+){40}/;

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
  // Of the two that set a run's length, a flag overrules a file's.
  const length: Settings =
    "epochs" in flags && !("steps" in flags) && file?.settings.steps != null ? { steps: null } : {};
  const given: Settings = { ...file?.settings, ...length, ...flags };
  const misspelt =
    given.method === undefined && Object.keys(given).find((key) => !isSetting(key) && nearest(key, ["method"]));
  if (misspelt) throw new UsageError(`Unknown setting ${misspelt} (did you mean method?)`);
  const method = choice("method", given.method, METHODS, undefined);
  const own = file?.settings.method;
  if (file && own !== undefined && own !== method) {
    throw new UsageError(
      `Expected settings of ${method} in ${file.name}, got those of ${show(own)}; leave out --method, or give another --config`,
    );
  }
  const preset = choice("preset", given.preset, PRESETS, "small");
  const origin = (key: string) => {
    if (key in flags) return "";
    return file && key in file.settings ? ` (in ${file.name})` : ` (of preset ${preset})`;
  };
  const parsed = schemas[method].safeParse({ ...presetFor(method, preset, given), ...given, method, preset });
  const problems = parsed.success
    ? contradictions(parsed.data, flags)
    : parsed.error.issues.flatMap((issue) =>
        issue.code === "unrecognized_keys"
          ? issue.keys.map((key) => unknownKey(key, method) + origin(key))
          : describe(issue, given) + origin(String(issue.path[0])),
      );
  if (!parsed.success || problems.length > 0) throw new UsageError(once(problems));
  return parsed.data;
}

/** The preset's settings; its eval_size goes with its own size and with ResNets. */
function presetFor(method: MethodName, preset: PresetName, { size, encoder }: Settings): Config {
  const config = presetConfig(method, preset);
  const other = size !== undefined || (typeof encoder === "string" && encoder.startsWith("vit"));
  return other ? { ...config, eval_size: null } : config;
}

/**
 * Reads settings from a YAML or JSON file, or from the `config` of a run.json.
 *
 * @throws {UsageError} where the file cannot be read or holds no settings
 */
export function readSettings(path: string): Settings {
  let text: string;
  try {
    const { size } = statSync(path);
    if (size > MAX_BYTES) {
      throw new UsageError(`Expected at most ${MAX_BYTES} bytes of settings in ${path}, got ${size}`);
    }
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const code = error instanceof Error && "code" in error ? error.code : error;
    throw new UsageError(`Expected a readable file for --config, got ${path} (${String(code)})`);
  }
  let content: unknown;
  try {
    content = parseText(text);
  } catch (error) {
    // Beside faults of syntax: aliases of nothing or of too much, and nesting deeper than the stack.
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`Expected YAML or JSON in ${path}: ${reason.split("\n")[0]?.replace(/:$/, "")}`);
  }
  if (content === null) return {};
  if (!isSettings(content))
    throw new UsageError(`Expected settings such as "lr: 0.001" in ${path}, got ${show(content)}`);
  if (!("config" in content && "schema" in content)) return content;
  if (!isSettings(content.config))
    throw new UsageError(`Expected an object for "config" in ${path}, got ${show(content.config)}`);
  return content.config;
}

function parseText(text: string): unknown {
  if (text.startsWith("{")) {
    try {
      return JSON.parse(text);
    } catch {
      // YAML has such a form too.
    }
  }
  if (text.length > MAX_YAML) throw new Error(`at most ${MAX_YAML} characters of YAML are read, got ${text.length}`);
  if (text.split(/[[{]/).length > MAX_BRACKETS || DASHES.test(text)) throw new Error("it is nested too deeply");
  return parse(text, { logLevel: "error" });
}

/** A flag's text as the value it means, by YAML's rules: `3e-4` is a number, `true` a boolean, `[0.9, 0.95]` a list. */
export function parseValue(text: string): unknown {
  try {
    return parse(text, { logLevel: "error" });
  } catch {
    return text;
  }
}

function isSettings(value: unknown): value is Settings {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  const text = typeof value === "number" ? String(value) : inJson(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function inJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return "a value that contains itself";
  }
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

/**
 * Checks a few settings that stand on their own.
 *
 * @throws {UsageError} naming each one that makes no sense, and what it may be
 */
export function checkSettings<T>(schema: z.ZodType<T>, given: Settings): T {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new UsageError(once(parsed.error.issues.map((issue) => describe(issue, given))));
}

/** All of them in one line; a value may break several rules of one kind (1e99 is too large, and no safe integer). */
function once(problems: string[]): string {
  return [...new Set(problems)].join("; ");
}

/** What a setting may be, and what it is instead. */
function describe(issue: z.core.$ZodIssue, given: Settings): string {
  const key = String(issue.path[0]);
  const value = given[key];
  const words = typeof value === "string" && issue.code === "invalid_value" ? issue.values.map(String) : [];
  const guess = words.length > 0 ? nearest(String(value), words) : null;
  return `Expected ${issue.message} for ${key}, got ${show(value)}${guess ? ` (did you mean ${guess}?)` : ""}`;
}

/** Whether any method has such a setting. */
export function isSetting(key: string): boolean {
  return METHODS.some((method) => key in schemas[method].shape);
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
