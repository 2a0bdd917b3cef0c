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

/** How images held out from training are found again; what a run keeps of them. */
export interface SavedHoldOut {
  /** Files whose place by name (`placeOf` of hold-out.ts) is at most this are held out. */
  up_to: number;
  /** Images held out. */
  images: number;
  /** Exact copies of these, which are in neither part. */
  copies: number;
}

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
