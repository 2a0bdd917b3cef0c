// The formats that features are written in, by the ending of the file's name.
import { extname } from "node:path";
import { UsageError } from "../base/errors.ts";
import { nearest } from "../config/suggest.ts";

export const FEATURE_FORMATS = ["npy", "parquet", "safetensors", "csv"] as const;
/** Those that hold more than one vector an image. */
export const TOKEN_FORMATS: readonly FeatureFormat[] = ["npy", "safetensors"];
export type FeatureFormat = (typeof FEATURE_FORMATS)[number];

/** The list of a .npy's rows, which lies beside it. */
export function rowsBeside(file: string): string {
  return file.replace(/\.npy$/i, ".rows.csv");
}

/** @throws {UsageError} where the name ends in none of them */
export function formatOf(file: string): FeatureFormat {
  const ending = extname(file).slice(1).toLowerCase();
  const found = FEATURE_FORMATS.find((one) => one === ending);
  if (found) return found;
  const guess = nearest(ending, FEATURE_FORMATS);
  const hint = guess ? ` (did you mean .${guess}?)` : "";
  throw new UsageError(`Expected a file that ends in .npy, .parquet, .safetensors or .csv, got ${file}${hint}`);
}
