// Settings as text: a YAML or JSON file, and the value of a flag.
import { readFileSync, statSync } from "node:fs";
import { parse } from "yaml";
import { UsageError } from "../base/errors.ts";
import { BEFORE_CHANNELS } from "./defaults.ts";
import type { Settings } from "./settings.ts";
import { show } from "./words.ts";

/** A run.json that lists tens of thousands of classes stays far below. */
const MAX_BYTES = 10_000_000;

// A few hundred levels of YAML exhaust its parser's stack, which can end the process where V8 compiles an expression just
// then. Settings are flat: so many characters, opened brackets and dashes in a row none have.
const MAX_YAML = 32_768;
const MAX_BRACKETS = 200;
const DASHES = /(?:[-?:]\s+){40}/;

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
  // A run from before there was a choice.
  return content.schema === 1 ? { ...content.config, ...BEFORE_CHANNELS } : content.config;
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
