// `evaluate`: how good a run's encoder is, by several protocols, beside what needed no training. What can be refused is refused
// here, before LibTorch is loaded.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError, UserError } from "../base/errors.ts";
import { makeFolder, writeAtomically } from "../base/files.ts";
import { writableFile } from "../base/output-file.ts";
import { unbroken } from "../base/signals.ts";
import type { Config } from "../config/common.ts";
import { TooFewBands } from "../data/choose-channels.ts";
import type { Dataset } from "../data/folder.ts";
import { labelledBy } from "../data/labelled-by.ts";
import { openImages, openImagesAs } from "../data/open-images.ts";
import { tellUnderstood } from "../data/understood.ts";
import { aboutEncoder, isVit } from "../encoders/facts.ts";
import { RunDirectory } from "../run/directory.ts";
import {
  CHEAP_PROTOCOLS,
  type Evaluations,
  type IndicatorSize,
  type IndicatorsEvaluation,
  labelsNote,
  type Protocol,
  UNLABELLED_PROTOCOLS,
} from "../run/evaluations.ts";
import { checkEvaluation } from "./check-options.ts";
import { type EncoderSource, type Evaluated, openEvaluated } from "./evaluated.ts";
import { indicatorImages } from "./indicator-images.ts";
import type { EvaluateOptions } from "./options.ts";
import { probeSplits } from "./splits.ts";
import { afterFirst, sameOnAll, together } from "./together.ts";

/** What {@link evaluateAny} found, and of what. */
export interface EvaluatedAny {
  evaluations: Evaluations;
  /** Where an encoder off the shelf comes from; null of a run's. */
  source: EncoderSource | null;
}

/**
 * Evaluates a run's last checkpoint and writes `eval/PROTOCOL.json` for each protocol into the run, and `eval/pictures.json` with its
 * sprite. Of weights from elsewhere (a file, a folder of timm's or transformers') nothing is written. By default on labelled images all protocols on features, on images without labels (or of one class) `indicators` alone.
 *
 * @throws {UsageError} for a protocol that there is not, or a setting out of its range
 * @throws {UserError} where there is no checkpoint, the run cannot be written to, protocols that need labels find none, one class alone, or `train` lacks classes of `val`
 */
export async function evaluate(path: string, dataRoot: string, options: EvaluateOptions = {}): Promise<Evaluations> {
  return (await evaluateAny(path, dataRoot, options)).evaluations;
}

/** As {@link evaluate}, and where an encoder off the shelf comes from. */
export async function evaluateAny(
  path: string,
  dataRoot: string,
  options: EvaluateOptions = {},
): Promise<EvaluatedAny> {
  checkEvaluation(options, options.protocols ?? CHEAP_PROTOCOLS);
  const { protocols, labels, seed, splitSeed, size, pixels, looked } = options;
  const facts = {
    "what is evaluated": path,
    images: dataRoot,
    protocols,
    labels,
    seed,
    splitSeed,
    size,
    pixels,
    looked,
  };
  return together(options, facts, async (shared) => {
    using one = await afterFirst(shared.ranks, () => openEvaluated(path, openTrained, shared.size, shared.stream));
    // Rank 0 alone writes.
    const into = one.run && (shared.ranks?.first ?? true) ? path : null;
    return await evaluateOpened(one, into, dataRoot, shared);
  });
}

/**
 * As {@link evaluateAny}, of an encoder that is open.
 *
 * @param into the folder that gets `eval/`; null where nothing is written
 * @param first writes what should be there before scores are
 */
export async function evaluateOpened(
  one: Evaluated,
  into: string | null,
  dataRoot: string,
  options: EvaluateOptions,
  first: () => void = () => {},
): Promise<EvaluatedAny> {
  const { config, source } = one;
  // Pictures are for a report.
  const drawn = into !== null && (options.pictures ?? true);
  const folder = into === null ? null : join(into, "eval");
  if (folder !== null) {
    for (const name of options.protocols ?? [...CHEAP_PROTOCOLS, ...UNLABELLED_PROTOCOLS])
      writableFile(join(folder, `${name}.json`));
  }
  if (folder !== null && drawn) writableFile(join(folder, "pictures.json"));
  const size = sizeFor(config, options.size);
  const opened = await openImagesOf(one, dataRoot);
  const data = options.labels === undefined ? opened : labelledBy(opened, options.labels);
  const { fingerprint, train, val } = data;
  const images = { train: train.items.length, val: val?.items.length ?? 0 };
  await sameOnAll(options.ranks, { fingerprint, ...images });
  if (options.tellData ?? true) tellUnderstood(data, options.stream ?? process.stderr);
  const seed = options.seed ?? config.seed;
  const protocols: readonly Protocol[] =
    options.protocols ?? (data.classes.length > 1 ? CHEAP_PROTOCOLS : UNLABELLED_PROTOCOLS);
  const needLabels = protocols.some((one) => one !== "indicators");
  const splits = needLabels ? probeSplits(data, options.splitSeed ?? seed, options.allowClassMismatch) : null;
  const looked = protocols.includes("indicators") ? indicatorImages(opened, one.info) : null;
  if (options.labels !== undefined) splits?.notes.unshift(labelsNote(options.labels));
  const { runProtocols } = await import("./protocols.ts");
  const request = { seed, size, protocols, pictures: drawn };
  // As many as before, so that a run of a comparison stays the like of its others.
  const before = { fingerprint: data.fingerprint, seed: options.splitSeed ?? options.seed ?? 0, size };
  const asked = { ...options, looked: options.looked ?? (one.run ? sizeBefore(one.run, before) : undefined) };
  const { evaluations, pictures } = await runProtocols(one, data, { splits, looked }, request, asked);
  if (folder === null) return { evaluations, source };
  unbroken(() => {
    makeFolder(folder);
    first();
    // The sprite first: whoever finds the list finds its tiles, and whoever finds the scores finds the pictures.
    if (pictures) {
      writeAtomically(join(folder, pictures.file.sprite), pictures.sprite);
      writeAtomically(join(folder, "pictures.json"), `${JSON.stringify(pictures.file)}\n`);
    }
    for (const [protocol, found] of Object.entries(evaluations)) {
      writeAtomically(join(folder, `${protocol}.json`), `${JSON.stringify(found)}\n`);
    }
  });
  return { evaluations, source };
}

/**
 * Images as an encoder reads them: as its run did, else as they themselves say, with its channels.
 *
 * @param tiles edge in pixels of what they are cut into, where no run says so; null for whole images
 * @throws {UserError} where they have fewer channels than it sees
 */
export async function openImagesOf(
  { path, input, config: { channels, seed } }: Pick<Evaluated, "path" | "input" | "config">,
  dataRoot: string,
  tiles: number | null = null,
): Promise<Dataset> {
  if (input) return openImagesAs(dataRoot, input);
  try {
    return await openImages(dataRoot, { channels, bands: null, range: "auto", tiles }, seed);
  } catch (error) {
    if (!(error instanceof TooFewBands)) throw error;
    throw new UserError(
      `${error.message}: the weights in ${path} see ${channels} channels; pretrain --init with them adapts the first layer to others`,
      { cause: error },
    );
  }
}

/**
 * A run with weights to evaluate.
 *
 * @throws {UserError} where there is none
 */
export function openTrained(path: string): RunDirectory {
  const run = RunDirectory.open(path);
  if (run.hasWeights) return run;
  throw new UserError(`Expected a checkpoint in ${run.path}, got none; its status is ${run.info.status}`);
}

/**
 * The edge at which images are encoded. A ResNet often sees better at a larger one than it was trained at, since random crops
 * enlarge what they show (arXiv:1906.06423); a ViT takes any that its patch divides, with its positions resampled.
 *
 * @throws {UsageError} where a ViT's patch does not divide the size, or it is too small for the encoder
 */
export function sizeFor(config: Pick<Config, "encoder" | "patch" | "size" | "eval_size">, asked?: number): number {
  const size = asked ?? config.eval_size ?? config.size;
  if (isVit(config.encoder) && size % config.patch !== 0) {
    const nearest = config.patch * Math.max(1, Math.round(size / config.patch));
    throw new UsageError(
      `Expected a size that patch ${config.patch} of this ${config.encoder} divides, got ${size}; nearest: ${nearest}`,
    );
  }
  const { least } = aboutEncoder(config.encoder);
  if (size < least) throw new UsageError(`Expected a size of at least ${least} px with ${config.encoder}, got ${size}`);
  return size;
}

/** How many images the same checkpoint was looked at by, of the same data in the same views; undefined where it was not. */
function sizeBefore(
  run: RunDirectory,
  { fingerprint, seed, size }: { fingerprint: string; seed: number; size: number },
): IndicatorSize | undefined {
  let found: Partial<IndicatorsEvaluation> | null;
  try {
    found = JSON.parse(readFileSync(join(run.path, "eval", "indicators.json"), "utf8"));
  } catch {
    return undefined;
  }
  const { settings, step } = found ?? {};
  const isSame =
    found?.fingerprint === fingerprint &&
    step === run.info.result?.steps &&
    settings?.seed === seed &&
    settings.size === size;
  const { images, viewed } = settings?.budget ?? {};
  if (!isSame || !Number.isInteger(images) || !Number.isInteger(viewed)) return undefined;
  return images! >= 1 && viewed! >= 1 ? { images: images!, viewed: viewed! } : undefined;
}
