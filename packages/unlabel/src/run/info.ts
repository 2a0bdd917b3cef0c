// run.json: what it holds, and how one of another version or from a stranger is read. Nothing in it is believed unchecked.

import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { UserError } from "../base/errors.ts";
import { isSettled } from "../config/channels.ts";
import type { Config, SettledConfig } from "../config/common.ts";
import { MOST_CHANNELS } from "../config/defaults.ts";
import type { SavedHoldOut } from "../data/folder.ts";
import type { Input } from "../data/input.ts";
import { resolveConfig } from "../methods/registry.ts";

import type { Health, StartLook } from "./health.ts";
import { migrate, type SCHEMA, writerOf } from "./migrate.ts";

/** What became of a run. */
export type RunStatus = "running" | "done" | "interrupted" | "failed";

/** How a run's views grow. */
export interface SavedGrowth {
  /** From how many steps done on views have which edge in pixels; the first from 0, ascending. */
  stages: { from: number; size: number }[];
  /** Time of a step at the smallest size, in steps at the largest. */
  cost: number;
}

/** The weights that a run began with, where it was given any. */
export interface RunInit {
  /** Where they lay. */
  source: string;
  /** Who wrote them, as far as that is known. */
  producer: string | null;
  /** The encoder that they are of, in words. */
  encoder: string;
  /** SHA-256 of the encoder's tensors in the source: their names, types, shapes and bytes. */
  checksum: string;
  /** As `init_license` or the source says, or the run that it was; null where none does. */
  licence: string | null;
  /** Of a run of ours that nothing from elsewhere binds; absent else. */
  unbound?: true;
  /** How many of the encoder's tensors came from there. */
  tensors: number;
  /** Tensors that came with another shape, and what was done. */
  reshaped: { name: string; from: number[]; to: number[]; how: string }[];
  /** Tensors of the source that have no use in an encoder: what they are, and how many. */
  aside: { what: string; tensors: number }[];
  /** What the config follows the source in, by key. */
  follows: string[];
  /** What a reader should know. */
  notes: string[];
}

/** The frozen encoder that a run learns from, where its method asks for one. */
export interface RunTeacher
  extends Pick<RunInit, "source" | "producer" | "encoder" | "checksum" | "licence" | "unbound" | "notes"> {
  /** How it sees images: as its own config says (`own`), else by ImageNet's mean and deviation. */
  view: { size: number; mean: number[]; std: number[]; own: boolean };
}

/** What run.json holds. */
export interface RunInfo {
  /** Version of the format. */
  schema: typeof SCHEMA;
  /** What became of the run. */
  status: RunStatus;
  /** The method's name. */
  method: string;
  /** What the method is called, where it was published, and what the curve of its loss shows. */
  about?: { title: string; paper: string; loss: string };
  /** All settings. */
  config: SettledConfig;
  /** What preset `auto` chose, and why, a line each; absent with other presets. */
  chosen?: string[];
  /** What everything random follows from. */
  seed: number;
  /** ISO 8601, UTC. */
  created: string;
  /** ISO 8601, UTC; null until it has ended. */
  finished: string | null;
  /** What it ran on. */
  versions: { unlabel: string; libtorch: string; node: string };
  /** Where it was trained. */
  device: string;
  /** Number format of matrix products and convolutions. */
  precision: "fp32" | "bf16";
  /** Threads that operators computed with. */
  threads: number;
  /** Processes that trained together, in the last of its sessions; absent where it was one. */
  ranks?: number;
  /** Commit of the project that the command was run in, if it is one. */
  commit: string | null;
  /** The command line, to be run again, or that a program called; a line for each different one where the run was resumed. */
  command: string;
  /** What it was trained on: images of each split, classes, and what tells one state of the images from another. */
  data: {
    root: string;
    layout: string;
    fingerprint: string;
    train: number;
    val: number;
    classes: { id: string; name: string }[];
    /** How samples become the network's input, as it was chosen once: every later reading of images for this run is by it. */
    input: Input;
    /** How the images that training did not see are found again; absent where it saw all of train. */
    held_out?: SavedHoldOut;
    /** How the images were understood, in the words that training began with; absent in older runs. */
    understood?: string[];
    /** Absent where epochs are ordered as the first versions did it. */
    order?: "by pages";
  };
  /** How many numbers are trained. */
  parameters: { encoder: number; total: number };
  /** Loss of an encoder that tells nothing apart, and the least that any can reach; null where there is no such number. */
  chance: number | null;
  /** The least that the loss can reach; null where none is known. */
  floor: number | null;
  /** Steps of one pass over the images. */
  steps_per_epoch: number;
  /** What its encoder began with, kept in checkpoints/initial.safetensors; absent where weights were random, which follow from the seed. */
  init?: RunInit;
  /** What it learns from; absent where its method has no teacher. */
  teacher?: RunTeacher;
  /** Before the first step, where it began with weights and looks are asked for; absent else, and in older runs. */
  start?: StartLook;
  /** Absent where views have one size. */
  growth?: SavedGrowth;
  /** Random numbers of a step follow from seed, step and place in the batch; absent in runs from before that. */
  draws?: "by place";
  /** What it came to; null until training has ended once, whole or interrupted. */
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
  /** Steps taken. */
  steps: number;
  /** Passes over the images, fractions allowed. */
  epochs: number;
  /** Of training. */
  seconds: number;
  /** Median over the steps after the second, data loading included. */
  images_per_s: number;
  /** Seconds of a step, likewise. */
  step_s: number;
  /** The first step's loss. */
  loss_first: number;
  /** The last step's loss. */
  loss_last: number;
  /** The most main memory that the process took, MB (10^6 bytes). */
  peak_mb: number;
  /** Images that could not be read. */
  skipped: number;
  /** Seconds of the above that went into looking at the encoder, which are no part of any speed; absent in older runs. */
  watch_s?: number;
}

/** How samples become the network's input, as run.json and compare.json keep it. */
export const inputFormat: z.ZodType<Input> = z
  .object({
    channels: z.int().min(1).max(MOST_CHANNELS),
    bands: z.array(z.int().min(1)).nullable(),
    range: z
      .array(z.tuple([z.number(), z.number()]).refine(([low, high]) => low < high, "Expected the lower value first"))
      .nullable(),
    tiles: z.int().min(1).nullable(),
  })
  .refine(
    ({ channels, bands, range }) => [bands, range].every((each) => each === null || each.length === channels),
    "Expected as many bands and ranges as channels",
  );

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
    input: inputFormat,
    held_out: z.object({ up_to: z.int().min(0), images: z.int().min(1), copies: z.int().min(0) }).optional(),
  }),
  chance: z.number().nullable(),
  // A run that goes on keeps its number format on a device of the same kind.
  device: z.string(),
  precision: z.enum(["fp32", "bf16"]),
  steps_per_epoch: z.int().min(1),
  growth: z
    .object({
      stages: z
        .array(z.object({ from: z.int().min(0), size: z.int().min(1) }))
        .refine(
          (stages) => stages[0]?.from === 0 && stages.every(({ from }, i) => i === 0 || from > stages[i - 1]!.from),
          "Expected stages from step 0 on, ascending",
        ),
      cost: z.number().positive(),
    })
    .optional(),
  init: z.looseObject({ source: z.string(), encoder: z.string() }).optional(),
  teacher: z.looseObject({ source: z.string(), checksum: z.string() }).optional(),
  start: z
    .looseObject({
      votes: z.array(z.looseObject({ images: z.int().min(1), top1: z.number().min(0).max(1) })),
      health: z.looseObject({ images: z.int().min(1), values: z.record(z.string(), z.number()) }).nullable(),
    })
    .optional(),
  result: z.looseObject({ steps: z.int().min(0), seconds: z.number().min(0), peak_mb: z.number() }).nullable(),
  notes: z.array(z.string()).optional(),
});

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
  const { input } = parsed.data.data;
  if (
    !isSettled(config) ||
    [config.channels, config.mean.length, config.std.length].some((n) => n !== input.channels)
  ) {
    throw new UserError(
      `Expected channels, mean and std for ${input.channels} channels in ${file}, as data.input has, got channels ${config.channels}; one of them was edited`,
    );
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
