// Flags that set a key of the config. A flag's value is read as YAML reads it and checked with the rest of the config.
import { type Command, InvalidArgumentError, Option } from "commander";
import { UsageError } from "../base/errors.ts";
import { either, nearest } from "../config/suggest.ts";
import { encoderWords } from "../encoders/facts.ts";
import type { About } from "../methods/about.ts";
import { abouts } from "../methods/abouts.ts";
import { presetNames } from "../methods/presets.ts";

type Row = readonly [flag: string, value: string, help: string];

/** Flag, its value's name, what it does. The flag `--mask-ratio` sets the key `mask_ratio`. */
const FLAGS: readonly Row[] = [
  ["--encoder", "name", encoderWords()],
  ["--init", "source", "weights to begin with: a file, a folder of timm's or transformers', a run, hub:ORG/NAME"],
  ["--init-license", "id", "their licence, such as cc-by-nc-4.0 (default: as they say)"],
  ["--size", "px", "edge of the training images"],
  ["--epochs", "n", "passes over the images"],
  ["--steps", "n", "so many steps, whatever the epochs"],
  ["--budget", "time", "train for this long, such as 8m or 1h30m"],
  ["--batch", "n", "images a step; of several ranks those of each"],
  ["--global-batch", "n", "images a step over all ranks, however many there are"],
  ["--lr", "rate", "base learning rate"],
  ["--seed", "n", "seed of every random choice"],
  ["--threads", "n|auto", "threads that compute"],
  ["--device", "auto|cpu|cuda[:N]|mps", "where to compute"],
  ["--precision", "auto|fp32|bf16", "number format of the arithmetic"],
  ["--log", "none|tensorboard|mlflow", "event files for TensorBoard, or to MLFLOW_TRACKING_URI, too"],
];

/** With those of the methods that are known now; a flag that several have is one. */
function flags(): Row[] {
  const own = new Map<string, Row>();
  for (const { title, flags: found = [] } of abouts() as readonly About[]) {
    for (const { flag, value, help } of found) {
      const before = own.get(flag);
      own.set(flag, before ? [flag, before[1], `${title}, ${before[2]}`] : [flag, value, `${title}: ${help}`]);
    }
  }
  const names = abouts().map(({ name }) => name);
  return [
    ["--method", "name", `how to learn: ${names.join(", ")}`],
    ["--preset", presetNames().join("|"), "where the settings start from (default: auto, which fits the images)"],
    ...FLAGS,
    ...own.values(),
  ];
}

/** Adds the flags for settings, `--config` and `--set`. */
export function addSettings(command: Command): Command {
  for (const [flag, value, help] of flags()) command.addOption(new Option(`${flag} <${value}>`, help));
  return addSet(command.option("--config <file>", "settings from a YAML file, or from another run's run.json"));
}

/** Adds the flag for any other setting. */
export function addSet(command: Command): Command {
  return command.option(
    "--set <key=value>",
    "any other setting, such as weight_decay=0.05; repeat it for more",
    keyValue,
  );
}

/** The settings that were given as flags, still as text. */
export function flagsGiven(options: Record<string, unknown>): Record<string, string> {
  const given: Record<string, string> = {};
  for (const [flag] of flags()) {
    const name = flag.slice(2);
    const value = options[name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())];
    if (typeof value === "string") given[name.replaceAll("-", "_")] = value;
  }
  const set = (options.set ?? {}) as Record<string, string>;
  for (const [key, value] of Object.entries(set)) {
    if (key in given)
      throw new UsageError(
        `Expected one value for ${key}, got --${key.replaceAll("_", "-")} ${given[key]} and --set ${key}=${value}`,
      );
  }
  return { ...given, ...set };
}

/** A flag's text as a whole number. @throws {UsageError} where it is none, or out of range */
export function whole(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new UsageError(`Expected a whole number from ${least} to ${most} for ${flag}, got ${text}`);
}

/** One of some words. @throws {UsageError} where a flag's text is none of them, with the nearest */
export function oneOf(flag: string, text: string, words: readonly string[]): string {
  if (words.includes(text)) return text;
  const guess = nearest(text, words);
  const hint = guess ? ` (did you mean ${guess}?)` : "";
  throw new UsageError(`Expected ${either(words)} for ${flag}, got ${text || "nothing"}${hint}`);
}

/** The name of a folder or file; an unset shell variable (`--out "$OUT"`) leaves it empty. */
export function named(text: string): string {
  if (text.trim() === "") throw new InvalidArgumentError("Expected a name, got nothing.");
  return text;
}

/** A `key=value`, with those before it. */
export function keyValue(text: string, before: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("Expected KEY=VALUE, as in weight_decay=0.05.");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
