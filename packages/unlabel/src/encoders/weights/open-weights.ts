// Weights from elsewhere, opened: a file of any format, or a folder of timm's or transformers'. What of it is an encoder, how images
// are prepared for it, and what else stands there.
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { UserError } from "../../base/errors.ts";
import type { Dialect } from "./dialects/dialect.ts";
import { openWeightsFile } from "./files/open-weights-file.ts";
import type { WeightsFile } from "./files/weights-file.ts";
import type { FoundArchitecture, Hints } from "./found-architecture.ts";
import { type FoundState, findState } from "./found-state.ts";
import { hintsOf, ownVariant } from "./own-config.ts";
import { licenceOf, type Preprocessing, readSourceConfig, type SourceConfig } from "./preprocessing.ts";
import { interpolationOf, isMoCoV3, otherKind, producerOf, whatElse } from "./producer.ts";

/** Weights, open. Close it when done. */
export interface WeightsSource extends WeightsFile {
  /** Who wrote it, as far as can be told: `timm's vit_small_patch16_224`; null where nothing betrays it. */
  readonly producer: string | null;
  /** The encoder among its tensors; null where none is known. */
  readonly state: FoundState | null;
  /** What that encoder is; null where none is known. */
  readonly architecture: FoundArchitecture | null;
  /** What it is instead, in words, where no encoder is known, or its names are known to be another one's. */
  readonly instead: string | null;
  /** How images are prepared for it, as its own config says; null where it has none. */
  readonly preprocessing: Preprocessing | null;
  /** As its config, its model card or the file itself has it; null where none says. */
  readonly licence: string | null;
}

/** What is known of a file from elsewhere. */
export interface WeightsAbout {
  /** Who wrote it, in words. */
  producer?: string | undefined;
  /** What shapes do not tell. */
  hints?: Hints | undefined;
  /** How images are prepared for it. */
  preprocessing?: Preprocessing | null | undefined;
  /** Under which licence it is. */
  licence?: string | null | undefined;
  /** What stands before the encoder's names. */
  prefix?: string | undefined;
}

const STANDARD = [
  "model.safetensors",
  "model.safetensors.index.json",
  "pytorch_model.bin",
  "pytorch_model.bin.index.json",
];

/**
 * Opens a `.safetensors`, `.pth`, `.pt` or `.bin` file, an `.index.json` of several, or a folder of timm's or transformers'. Nothing in
 * it is run, and tensors are read when they are asked for.
 *
 * @throws {UserError} where there is no such thing, it is damaged, or holds no weights, and what it is instead
 */
export async function openWeights(path: string, about: WeightsAbout = {}): Promise<WeightsSource> {
  if (!existsSync(path))
    throw new UserError(`Expected a file, a folder or a run with weights, got ${path}, which is not there`);
  const isFolder = statSync(path).isDirectory();
  const file = isFolder ? weightsIn(path) : path;
  const beside = isFolder ? path : STANDARD.includes(basename(path)) ? dirname(path) : null;
  const config = beside === null ? null : readSourceConfig(beside);
  const card = beside === null ? null : licenceOf(beside);
  return sourceOf(await openWeightsFile(file), config, { ...about, licence: about.licence ?? config?.licence ?? card });
}

/** What an open file is, with what lies beside it; closes the file where it throws. */
export function sourceOf(file: WeightsFile, config: SourceConfig | null, about: WeightsAbout): WeightsSource {
  try {
    const names = file.entries.map(({ name }) => name);
    const heads = isMoCoV3(names) ? 12 : undefined;
    const own = ownCheckpoint(file);
    const hints = { heads, ...defined(own?.hints), ...defined(config?.hints), ...defined(about.hints) };
    const told = (dialect: Dialect) => ({ interpolation: interpolationOf(dialect, names), ...hints });
    const state = findState(file.entries, told, about.prefix ?? own?.prefix);
    if (about.prefix !== undefined && state === null) refusePrefix(file, about.prefix, told);
    const model = config && `${config.program === "timm" ? "timm's" : "transformers'"} ${config.model}`;
    return {
      ...file,
      producer: about.producer ?? own?.producer ?? model ?? producerOf(file),
      state,
      architecture: state?.architecture ?? null,
      instead: config?.instead ?? (state === null ? whatElse(file, model) : isWhole(state) ? null : otherKind(file)),
      preprocessing: about.preprocessing ?? config?.preprocessing ?? null,
      licence: about.licence ?? config?.licence ?? ofMetadata(file),
      notes: [...file.notes, ...(config?.notes ?? [])],
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

function isWhole({ missing, unexpected }: FoundState): boolean {
  return missing.length + unexpected.length === 0;
}

/** A licence that a file says of itself, as safetensors can. */
function ofMetadata({ metadata: { license, licence } }: WeightsFile): string | null {
  const said = [license, licence].find((one) => typeof one === "string" && /^[\w.+-]{1,100}$/.test(one));
  return typeof said === "string" ? said : null;
}

/** A checkpoint of unlabel's, whose names are known: the averaged weights of the encoder where it has any, else the encoder's. */
function ownCheckpoint({ entries, metadata }: WeightsFile): { producer: string; prefix: string; hints: Hints } | null {
  const { method, step, config } = metadata;
  if (typeof method !== "string" || typeof step !== "string" || typeof config !== "string") return null;
  const averaged = entries.some(({ name }) => name.startsWith("encoder_average."));
  return {
    producer: `unlabel's ${method} after step ${step}`,
    prefix: averaged ? "encoder_average." : "encoder.",
    hints: hintsOf(ownVariant(metadata)),
  };
}

function refusePrefix(file: WeightsFile, prefix: string, hints: (dialect: Dialect) => Hints): never {
  const found = findState(file.entries, hints);
  const there = found ? [found.prefix, ...found.others].map((one) => one || "no prefix").join(", ") : "nowhere";
  throw new UserError(
    `Expected an encoder's tensors behind ${prefix} in ${file.path}, got none; an encoder is there: ${there}`,
  );
}

/** The file of a folder that holds the weights. */
function weightsIn(folder: string): string {
  const standard = STANDARD.find((name) => existsSync(join(folder, name)));
  if (standard !== undefined) return join(folder, standard);
  let names: string[];
  try {
    names = readdirSync(folder).sort();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    throw new UserError(`Expected a folder that can be read at ${folder}, got ${code}`, { cause: error });
  }
  const found = names.filter((name) => /\.(safetensors|pth|pt|bin|ckpt)$/i.test(name));
  if (found.length === 1) return join(folder, found[0]!);
  const several = `${found.length} of them (${found.slice(0, 3).join(", ")}${found.length > 3 ? ", …" : ""}); name one`;
  throw new UserError(
    `Expected a file with weights (${STANDARD[0]}, pytorch_model.bin) in ${folder}, got ${found.length > 0 ? several : insteadOf(folder, names)}`,
  );
}

/** What a folder without weights is, and what to give in its place. */
function insteadOf(folder: string, names: readonly string[]): string {
  if (names.length === 0) return "an empty folder";
  const run = names.find((name) => existsSync(join(folder, name, "run.json")));
  if (run !== undefined) return `a folder of runs; name one of them, such as ${join(folder, run)}`;
  const onnx = names.find((name) => name.endsWith(".onnx"));
  if (onnx !== undefined) return `${onnx}, whose weights have lost their names; give what it was exported from`;
  return `no such file among ${names.length} (${names.slice(0, 3).join(", ")}${names.length > 3 ? ", …" : ""})`;
}

function defined(hints: Hints | undefined): Hints {
  return Object.fromEntries(Object.entries(hints ?? {}).filter(([, value]) => value !== undefined));
}
