// `embed`: features of every image of a source, in a file that other tools read.
import { existsSync, realpathSync } from "node:fs";
import { sep } from "node:path";
import { UsageError } from "../base/errors.ts";
import { outputFile, writableFile } from "../base/output-file.ts";
import { unbroken } from "../base/signals.ts";
import { tellUnderstood } from "../data/understood.ts";
import { checkOptions } from "./check-options.ts";
import { openImagesOf, openTrained, sizeFor } from "./evaluate.ts";
import { type EncoderSource, openEvaluated, tellNotes } from "./evaluated.ts";
import { type FeatureFormat, formatOf, rowsBeside, TOKEN_FORMATS } from "./feature-files.ts";
import type { MachineOptions } from "./session.ts";
import { afterFirst, sameOnAll, together } from "./together.ts";

/** Options of {@link embed}. */
export interface EmbedOptions extends MachineOptions {
  /** Edge of the images in pixels; default as for evaluation. */
  size?: number | undefined;
  /** A vector for each place of an image, `[N, h, w, D]`, instead of one for the image; .npy and .safetensors alone. */
  tokens?: boolean | undefined;
}

/** What was written. */
export interface Embedded {
  /** What was written: the file asked for and, beside a .npy, the list of its rows; nothing by ranks other than 0. */
  files: string[];
  /** The file's format, by its ending. */
  format: FeatureFormat;
  /** Images encoded: rows of the file. */
  images: number;
  /** Length of a row's features. */
  dim: number;
  /** Of what was written: `[N, D]`, of tokens `[N, h, w, D]`. */
  shape: number[];
  /** Images that could not be read. */
  skipped: number;
  /** The training step that the encoder was saved after. */
  step: number;
  /** Decay of the momentum average that its weights are; null where they are those of that step. */
  weights_average: number | null;
  /** Edge in pixels at which images were encoded. */
  size: number;
  /** Where an encoder off the shelf comes from; absent of a run's. */
  source?: EncoderSource;
  /** From the call on. */
  seconds: number;
}

/**
 * Encodes every image of `dataRoot`, labelled or not, with a run's encoder, or one off the shelf, and writes one row an image to `file`.
 *
 * @throws {UserError} where there is no checkpoint or no images
 * @throws {UsageError} where an option is out of its range, the file's name ends in no known format, or it is one of the images' own
 */
export async function embed(
  path: string,
  dataRoot: string,
  file: string,
  options: EmbedOptions = {},
): Promise<Embedded> {
  checkOptions(options);
  const format = formatOf(file);
  const { size, tokens = false } = options;
  const facts = { "what is evaluated": path, images: dataRoot, size, tokens, format };
  return together(options, facts, (shared) => embedHere(path, dataRoot, file, shared));
}

async function embedHere(path: string, dataRoot: string, file: string, options: EmbedOptions): Promise<Embedded> {
  const began = performance.now();
  const format = formatOf(file);
  const first = (options.ranks?.rank ?? 0) === 0;
  const target = first ? outputFile("-o", file, [`.${format}`]) : null;
  if (target !== null) {
    if (format === "npy") writableFile(rowsBeside(target));
    refuseData(target, dataRoot);
  }
  if (options.tokens && !TOKEN_FORMATS.some((one) => one === format)) {
    throw new UsageError(`Expected a .npy or .safetensors file for tokens, which are [N, h, w, D], got ${file}`);
  }
  using one = await afterFirst(options.ranks, () => openEvaluated(path, openTrained, options.size, options.stream));
  const { mean, std } = one.config;
  const size = sizeFor(one.config, options.size);
  const data = await openImagesOf(one, dataRoot);
  await sameOnAll(options.ranks, { fingerprint: data.fingerprint, images: data.train.items.length });
  tellUnderstood(data, options.stream ?? process.stderr);
  tellNotes(one, options.stream);
  const [{ trainedOf }, { encodeData }, { checksum }, { isShared }, { writeFeatures }] = await Promise.all([
    import("./baselines.ts"),
    import("./encode-data.ts"),
    import("./features.ts"),
    import("./shared-rows.ts"),
    import("./write-features.ts"),
  ]);
  const { method, step, weightsAverage } = trainedOf(one);
  if (isShared(options.ranks)) await sameOnAll(options.ranks, { step, weights: checksum(method.encoder).slice(0, 16) });
  const view = { size, mean, std, ...one.resize };
  const { features, rows, skipped } = await encodeData(method, data, view, options);
  method.dispose();
  const { shape } = features;
  const dim = shape.at(-1)!;
  const about = {
    run: path,
    step: String(step),
    ...(weightsAverage !== null && { weights_average: String(weightsAverage) }),
  };
  const files = target === null ? [] : unbroken(() => writeFeatures(target, features, rows, data.classes, about));
  features.dispose();
  return {
    files,
    format,
    images: rows.length,
    dim,
    shape,
    skipped,
    step,
    weights_average: weightsAverage,
    size,
    ...(one.source && { source: one.source }),
    seconds: (performance.now() - began) / 1000,
  };
}

/** A list or a Parquet file of images ends as features do. */
function refuseData(target: string, dataRoot: string): void {
  if (!existsSync(target) || !existsSync(dataRoot)) return;
  const root = realpathSync(dataRoot);
  if (target !== root && !target.startsWith(root + sep)) return;
  throw new UsageError(`Expected a new file for -o, got ${target}, which is part of the images; name another`);
}
