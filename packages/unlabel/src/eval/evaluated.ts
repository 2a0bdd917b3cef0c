// What evaluation needs of an encoder, be it a run's or one off the shelf (a file, a folder of timm's or transformers'): told before
// LibTorch is loaded.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { visible } from "../base/text.ts";
import { fitted } from "../config/channels.ts";
import type { CommonConfig, SettledChannels } from "../config/common.ts";
import { IMAGENET } from "../config/defaults.ts";
import type { Input } from "../data/input.ts";
import type { Filter } from "../data/views.ts";
import type { Encoder } from "../encoders/encoder.ts";
import type { EncoderConfig } from "../encoders/facts.ts";
import { described, type Preprocessing, type WeightsSource } from "../encoders/weights/index.ts";
import { isHub } from "../hub/reference.ts";
import type { RunDirectory, RunInfo } from "../run/directory.ts";
import { openSource } from "../run/open-source.ts";
import { encoderOf } from "../train/init.ts";
import type { ProgressStream } from "../train/progress.ts";

/** What holds an encoder: a method, or the encoder alone. */
export interface HasEncoder {
  readonly encoder: Encoder;
  dispose(): void;
}

/** An encoder with weights. */
export interface Trained {
  method: HasEncoder;
  /** The training step that it was saved after; 0 of one off the shelf. */
  step: number;
  /** What was damaged, in words. */
  notes: string[];
  /** Decay of the momentum average that its weights are; null where they are a step's own. */
  weightsAverage: number | null;
}

/** Where an encoder off the shelf comes from, and how images are prepared for it. */
export interface EncoderSource {
  /** The file or folder, as given. */
  path: string;
  /** Who wrote it, as far as that is known. */
  producer: string | null;
  /** What it is, in words. */
  encoder: string;
  /** As the source says; null where it does not. */
  licence: string | null;
  /** As its own config says, or ImageNet's. */
  preprocessing: { mean: number[]; std: number[]; size: number; filter: Filter; crop: number; own: boolean };
}

/** Which images an encoder was trained on, as far as evaluation asks. */
export type TrainedOn = Pick<RunInfo["data"], "fingerprint" | "root" | "held_out">;

/** An encoder to evaluate. */
export interface Evaluated extends Disposable {
  path: string;
  /** Its run; null where it is off the shelf. */
  run: RunDirectory | null;
  /** Where it comes from; null of a run's. */
  source: EncoderSource | null;
  config: Pick<CommonConfig, "size" | "eval_size" | "seed"> & EncoderConfig & SettledChannels;
  /** How images become its input; null where they are to say. */
  input: Input | null;
  /** What its images were, as far as that is known. */
  info: { data: TrainedOn } | null;
  /** How images are resized and cropped, where that is not as for a run. */
  resize: { filter?: Filter; fraction?: number };
  /** What a reader of its numbers should know. */
  notes: string[];
}

/** Whether a path is a run directory. */
export function isRun(path: string): boolean {
  return existsSync(join(path, "run.json"));
}

/**
 * Opens a run with weights, a file of weights, a folder of timm's or transformers', or a model of the hub.
 *
 * @param size of the images in pixels, where one is asked for
 * @throws {UserError} where there is no encoder that is known, and what there is instead
 */
export async function openEvaluated(
  path: string,
  openRun: (path: string) => RunDirectory,
  size?: number,
  stream?: ProgressStream,
): Promise<Evaluated> {
  if (isRun(path)) return ofRun(openRun(path));
  const source = await openSource(path, { stream });
  try {
    // Of the hub with its commit.
    return ofSource(isHub(path) ? source.path : path, source, size);
  } catch (error) {
    source.close();
    throw error;
  }
}

/** Says what a reader of the numbers of an encoder off the shelf should know. */
export function tellNotes({ source, notes }: Evaluated, stream: ProgressStream = process.stderr): void {
  if (source) for (const note of notes) stream.write(`note: ${visible(note)}\n`);
}

function ofRun(run: RunDirectory): Evaluated {
  const { info } = run;
  const what = whatOf(info.init);
  return {
    path: run.path,
    run,
    source: null,
    config: info.config,
    input: info.data.input,
    info,
    resize: {},
    // "Untrained" is said of where training began.
    notes: what
      ? [
          `training began with the weights of ${what}: untrained, initial and from scratch are of that encoder as it came`,
        ]
      : [],
    [Symbol.dispose]: () => {},
  };
}

/** The weights that a run began with, in words; null where these were random. */
export function whatOf(init: RunInfo["init"]): string | null {
  if (!init) return null;
  return init.producer === null ? init.source : `${init.source} (${init.producer})`;
}

/** An encoder off the shelf that is open: its weights are read when they are asked for. */
export interface OffTheShelf extends Evaluated {
  weights: WeightsSource;
}

function ofSource(path: string, weights: WeightsSource, asked: number | undefined): OffTheShelf {
  const config = encoderOf(weights);
  const channels = typeof config.channels === "number" ? config.channels : 3;
  const own = weights.preprocessing ?? ownPreprocessing(weights.metadata);
  const isOwn = own !== null && own.mean.length === channels && own.std.length === channels;
  const { mean, std } = isOwn ? own : { mean: fitted(IMAGENET.mean, channels), std: fitted(IMAGENET.std, channels) };
  const size = asked ?? own?.size ?? config.size;
  const asks = own?.interpolation ?? "bilinear";
  const filter: Filter = asks === "bicubic" ? "bicubic" : "bilinear";
  const other =
    asks === filter ? [] : [`its config resizes images by ${asks}, which is not done here: ${filter} it is`];
  const crop = own?.cropShare ?? 1;
  const { producer, licence, architecture } = weights;
  const encoder = described(architecture!);
  const share = crop === 1 ? "" : `, the middle ${(100 * crop).toFixed(1)} %`;
  const how = `${size} px${asked === undefined ? "" : " as asked for"}${share}, ${filter}, mean ${mean.join(", ")}, std ${std.join(", ")}`;
  return {
    path,
    run: null,
    weights,
    source: {
      ...{ path, producer, encoder, licence },
      preprocessing: { mean: [...mean], std: [...std], size, filter, crop, own: isOwn },
    },
    config: { ...config, channels, mean: [...mean], std: [...std], eval_size: size, seed: 0 },
    input: null,
    info: null,
    resize: { filter, fraction: crop },
    notes: [
      `an encoder off the shelf: ${producer ? `${producer}, ` : ""}${encoder}; licence ${licence ?? "unknown"}; untrained is the same with random weights`,
      isOwn
        ? `images as its own config says: ${how}`
        : `nothing beside the weights says how images are prepared: ImageNet's mean and deviation are taken; ${how}`,
      ...other,
      ...weights.notes,
    ],
    [Symbol.dispose]: () => weights.close(),
  };
}

/** Of a checkpoint of unlabel's that lies by itself: its metadata have the run's config. */
function ownPreprocessing({ config }: WeightsSource["metadata"]): Preprocessing | null {
  if (typeof config !== "string") return null;
  try {
    const { mean, std, size, eval_size: evalSize } = JSON.parse(config) as Record<string, unknown>;
    const areNumbers = (list: unknown): list is number[] => Array.isArray(list) && list.every(Number.isFinite);
    const edge = [evalSize, size].find((one) => typeof one === "number" && Number.isInteger(one) && one > 0);
    if (!areNumbers(mean) || !areNumbers(std) || std.includes(0)) return null;
    return { mean, std, size: typeof edge === "number" ? edge : null, interpolation: "bilinear", cropShare: null };
  } catch {
    return null;
  }
}
