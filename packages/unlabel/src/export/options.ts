// What can be asked of an export; checked before LibTorch is loaded.
import { UsageError } from "../base/errors.ts";
import { wholeFromOne } from "../base/numbers.ts";

/** A program that an encoder can be written for. */
export type Target = "onnx" | "timm" | "transformers" | "torchvision";

/** All of them. */
export const TARGETS = ["onnx", "timm", "transformers", "torchvision"] as const satisfies readonly Target[];

/** Number formats of an ONNX file. */
export const PRECISIONS = ["fp32", "fp16", "int8"] as const;

/** Types of the samples that an ONNX file with preprocessing takes. */
export const SAMPLES = ["uint8", "uint16", "float32"] as const;

/** Options of `exportEncoder`. */
export interface ExportOptions {
  /** For which program. */
  to: Target;
  /** The folder to write: new, empty, or an earlier export, whose place it takes. */
  out: string;
  /** Number format of the ONNX file; default `fp32`. A folder for transformers has all three. */
  precision?: "fp32" | "fp16" | "int8" | undefined;
  /** Edge in pixels of what the encoder sees; default as for evaluation. */
  size?: number | undefined;
  /**
   * ONNX files: `both` (default), `with` the preprocessing in the graph, which takes images as they are, or `without` it, which takes
   * normalised `pixel_values`.
   */
  preprocessing?: "both" | "with" | "without" | undefined;
  /** What samples the file with preprocessing takes; default by the run: bytes, 16 bits, or floats. */
  samples?: "uint8" | "uint16" | "float32" | undefined;
  /** The weights' licence, for the model card: an SPDX identifier such as `cc-by-nc-4.0`; default "unknown". */
  license?: string | undefined;
  /** Whether it may be written among other files. Default false. */
  force?: boolean | undefined;
}

/** @throws {UsageError} for what there is not, or options that only ONNX files have */
export function checkOptions(options: ExportOptions): void {
  const { to, precision, size, preprocessing, samples, license } = options;
  oneOf("to", to, TARGETS);
  if (precision !== undefined) oneOf("precision", precision, PRECISIONS);
  if (preprocessing !== undefined) oneOf("preprocessing", preprocessing, ["both", "with", "without"]);
  if (samples !== undefined) oneOf("samples", samples, SAMPLES);
  if (size !== undefined) wholeFromOne("size", size);
  if (license !== undefined && !/^[\w.+-]{1,100}$/.test(license)) {
    throw new UsageError(`Expected a licence's identifier such as cc-by-nc-4.0 for license, got ${license}`);
  }
  if (to === "onnx") return;
  const only = Object.entries({ precision, preprocessing, samples }).find(([, value]) => value !== undefined);
  if (only) throw new UsageError(`Expected ${only[0]} with --to onnx alone, got it with --to ${to}; leave it out`);
}

function oneOf(name: string, value: string, known: readonly string[]): void {
  if (known.includes(value)) return;
  throw new UsageError(`Expected one of ${known.join(", ")} for ${name}, got ${value}`);
}
