// run.json: what it holds, and how one of another version or from a stranger is read. Nothing in it is believed unchecked.

import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { UserError } from "../base/errors.ts";
import { versionOfUnlabel } from "../base/version.ts";
import type { Config } from "../config/common.ts";
import { resolveConfig } from "../methods/registry.ts";

import type { Health } from "./health.ts";

/** The format that this version writes. A change that older versions would misread raises it, and adds a migration. */
export const SCHEMA = 1;

export type RunStatus = "running" | "done" | "interrupted" | "failed";

/** What run.json holds. */
export interface RunInfo {
  schema: typeof SCHEMA;
  status: RunStatus;
  method: string;
  /** What the method is called, where it was published, and what the curve of its loss shows. */
  about?: { title: string; paper: string; loss: string };
  config: Config;
  seed: number;
  /** ISO 8601, UTC. */
  created: string;
  finished: string | null;
  versions: { unlabel: string; libtorch: string; node: string };
  device: string;
  precision: "fp32" | "bf16";
  threads: number;
  /** Commit of the project that the command was run in, if it is one. */
  commit: string | null;
  /** The command line, to be run again; a line for each different one where the run was resumed. */
  command: string;
  data: {
    root: string;
    layout: string;
    fingerprint: string;
    train: number;
    val: number;
    classes: { id: string; name: string }[];
  };
  parameters: { encoder: number; total: number };
  /** Loss of an encoder that tells nothing apart, and the least that any can reach; null where there is no such number. */
  chance: number | null;
  floor: number | null;
  steps_per_epoch: number;
  /** Random numbers of a step follow from seed, step and place in the batch; absent in runs from before that. */
  draws?: "by place";
  result: RunResult | null;
  /** How it fares, told without labels; absent where nobody looked. */
  health?: Health;
  /** Why it failed. */
  error?: string;
  /** What a reader of the numbers should know: damage that resuming met, and what became of it. */
  notes?: string[];
}

/** What a run came to, over all of its processes where it was resumed. */
export interface RunResult {
  steps: number;
  epochs: number;
  seconds: number;
  /** Median over the steps after the second, data loading included. */
  images_per_s: number;
  step_s: number;
  loss_first: number;
  loss_last: number;
  peak_mb: number;
  skipped: number;
}

// What resuming and evaluating rely on; keys that a later version adds pass. `config` is checked by its own rules.
const format = z.looseObject({
  status: z.enum(["running", "done", "interrupted", "failed"]),
  config: z.record(z.string(), z.unknown()),
  created: z.string(),
  command: z.string(),
  data: z.looseObject({
    root: z.string(),
    fingerprint: z.string(),
    train: z.int().min(0),
    classes: z.array(z.looseObject({ id: z.string(), name: z.string() })),
  }),
  chance: z.number().nullable(),
  // A run that goes on keeps its number format on a device of the same kind.
  device: z.string(),
  precision: z.enum(["fp32", "bf16"]),
  steps_per_epoch: z.int().min(1),
  result: z.looseObject({ steps: z.int().min(0), seconds: z.number().min(0), peak_mb: z.number() }).nullable(),
  notes: z.array(z.string()).optional(),
});

type Json = Record<string, unknown>;

/**
 * Turns the run.json of a version into that of the next: `migrations[n]` leads from schema n to n + 1. A setting that has
 * come since takes its preset's value; where that is not what the older version did, a migration must write what it did.
 */
export type Migrations = Readonly<Record<number, (info: Json) => Json>>;

const MIGRATIONS: Migrations = {};

/**
 * Brings what a run.json holds to this version's format.
 *
 * @throws {UserError} where it is of a later version, or of one too old, and which version it needs
 */
export function migrate(found: unknown, file: string, migrations = MIGRATIONS, schema: number = SCHEMA): Json {
  if (typeof found !== "object" || found === null || !("schema" in found) || !Number.isSafeInteger(found.schema)) {
    const got =
      typeof found === "object" && found !== null && "schema" in found ? JSON.stringify(found.schema) : "none";
    throw new UserError(`Expected a schema number in ${file}, got ${got.slice(0, 40)}; it is damaged, or no run's`);
  }
  let info: Json = { ...found };
  const writer = writerOf(info);
  for (let at = Number(info.schema); at !== schema; at++) {
    const next = migrations[at];
    if (!next) {
      const [age, needed] =
        at > schema ? ["later", writer ?? "a later version"] : ["too old for it", writer ?? "an older version"];
      throw new UserError(
        `Expected schema ${schema} in ${file} as unlabel ${versionOfUnlabel()} reads it, got ${at} (${age}); open it with unlabel ${needed}`,
      );
    }
    info = { ...next(info), schema: at + 1 };
  }
  return info;
}

/**
 * Reads a run.json.
 *
 * @throws {UserError} where there is none, it is another version's, or it is damaged, and at which key
 */
export function readRunInfo(file: string): RunInfo {
  const info = migrate(readJson(file), file);
  const parsed = format.safeParse(info);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw new UserError(`Expected a run's format in ${file}, got something else at ${path.join(".")}: ${message}`);
  }
  let config: Config;
  try {
    config = resolveConfig({ file: { name: file, settings: parsed.data.config } });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const writer = writerOf(info);
    throw new UserError(`${error.message}${writer ? `; the run was begun by unlabel ${writer}` : ""}`, {
      cause: error,
    });
  }
  return { ...(info as unknown as RunInfo), ...{ method: config.method, config, seed: config.seed } };
}

function readJson(file: string): unknown {
  if (!existsSync(file)) throw new UserError(`Expected a run directory, got one without ${file}`);
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
    throw new UserError(`Expected JSON in ${file}, got something else${code}; it is damaged`, { cause: error });
  }
}

function writerOf({ versions }: Json): string | null {
  const version = typeof versions === "object" && versions !== null && "unlabel" in versions ? versions.unlabel : null;
  return typeof version === "string" ? version.slice(0, 40) : null;
}
