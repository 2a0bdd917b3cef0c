// How a data set was understood, and what of it is not read: types alone.

/** How a folder was understood, or which other source it is. */
export type Layout =
  | "imagenet-100"
  | "train-val"
  | "classes"
  | "unlabelled"
  | "file-list"
  | "webdataset"
  | "cifar-10"
  | "cifar-100"
  | "idx"
  | "parquet";

/** Files or images that are not read. */
export interface LeftAside {
  /** Of what kind, such as `.bmp` or `in dev/`. */
  what: string;
  /** How many. */
  count: number;
  /** The first of them, relative to the root. */
  example: string;
  /** How to have them read, or why they are not. */
  hint?: string;
  /** Written by unlabel itself, and no part of anybody's data. */
  own?: true;
}
