// What pages and server tell each other of images and features: maps, search, pictures of hidden parts, checks of data. Types alone.

import type { LabelState } from "../../label/state.ts";

/** How work stands that takes a while. */
export type WorkState<T> =
  /** Nobody has asked for it yet; `words` say what it will do, and `command` what to do first where that is needed. */
  | { state: "idle"; words: string; command: string | null }
  | { state: "working"; words: string; share: number | null }
  | { state: "failed"; error: string }
  | { state: "done"; result: T };

/** A class. */
export interface ClassTold {
  name: string;
  /** Images of it among the points. */
  images: number;
}

/** A map, but for its points. */
export interface MapTold {
  /** When its run began: another run may lie at its place by now. */
  created: string;
  /** Images. */
  count: number;
  /** How places were found, in words. */
  how: string;
  /** The training step of the encoder. */
  step: number;
  classes: ClassTold[];
  /** Groups that k-means puts the features into. */
  clusters: number;
  /** Share of labelled images of which kNN, by the labels of all others, names another class; null without labels. */
  wrong: number | null;
  /** Images of train and of val. */
  train: number;
  val: number;
  /** Images that could not be read, or are beyond the number that is drawn. */
  left: number;
  /** The same for two maps whose points are the same images in the same order. */
  images: string;
  /** Seconds that it took. */
  seconds: number;
  /** Whether features were in the run's folder already. */
  cached: boolean;
}

/**
 * The bytes of `/api/map/ID/points`, little-endian, one array after the other, N numbers each: the image (uint32, its number among the run's
 * images), x and y (uint16, 0 … 65535), class (int16, −1
 * without), the class that kNN names (int16, −1 without), group (uint8), split (uint8: 0 train, 1 val). In all 14 bytes a point.
 */
export type BytesAPoint = 14;

/** An image found. */
export interface FoundTold {
  /** Its number among the run's images, for its picture. */
  image: number;
  path: string;
  split: "train" | "val";
  class: string | null;
  /** Cosine. */
  similarity: number;
}

/** What a run finds. */
export interface SearchTold {
  found: FoundTold[];
  /** Images that were searched. */
  images: number;
  skipped: number;
  step: number;
  size: number;
  cached: boolean;
}

/** What a run makes of a picture of which a part is hidden; data URIs of PNGs. */
export interface MaskedTold {
  original: string;
  masked: string;
  reconstructed: string;
  /** Patches a side, and the edge of the pictures in pixels. */
  grid: number;
  size: number;
  /** Patches that were hidden. */
  hidden: number;
  /** Which these are, row by row. */
  which: number[];
  /** Words that a reader should know. */
  note: string | null;
}

/** An image of a check. */
export interface CheckedImage {
  /** Its number among the images checked, for its picture. */
  image: number;
  path: string;
  split: "train" | "val";
  class: string | null;
}

/** What a check of images found; lists are cut to what a page can show. */
export interface CheckedTold {
  root: string;
  understood: string[];
  images: { train: number; val: number; readable: number; unreadable: number };
  findings: { kind: string; count: number; text: string }[];
  notes: string[];
  seconds: number;
  classes: { name: string; train: number; val: number }[];
  formats: Record<string, number>;
  /** Files by their bands and by their depth. */
  bands: { what: string; images: number }[];
  depths: { what: string; images: number }[];
  /** Values of each band over all training images; null for photographs. */
  values:
    | {
        band: number;
        lowest: number | null;
        low: number | null;
        median: number | null;
        high: number | null;
        highest: number | null;
        black: number | null;
        white: number | null;
      }[]
    | null;
  sizes: {
    smallest: [number, number];
    median: [number, number];
    largest: [number, number];
    histogram: { from: number; below: number | null; images: number }[];
  } | null;
  /** Images that show the same: across train and val first. */
  copies: {
    all: number;
    groups: {
      kind: "exact" | "near";
      similarity: number;
      leak: boolean;
      conflict: boolean;
      images: CheckedImage[];
      more: number;
    }[];
  };
  leaks: { exact: number; near: number };
  suspicious: { all: number; first: (CheckedImage & { reasons: string[] })[] };
  unreadable: { all: number; first: { path: string; reason: string }[] };
  /** Some of every class. */
  contact: CheckedImage[];
}

/** A labelling session as the page shows it. */
export interface LabelTold extends Omit<LabelState, "current" | "upcoming"> {
  /** The session's own, for its pictures. */
  id: string;
  /** Its images. */
  title: string;
  /** Where labels are kept. */
  file: string;
  /** How many runs are compared. */
  runs: number;
  current: { image: number; name: string } | null;
  /** Whether what was asked for was done: not of a page that was behind, since another window has gone on. */
  taken: boolean;
  /** Images that may come next. */
  upcoming: number[];
}

/** Images that runs were trained on, and whether they may be read here. */
export interface DataTold {
  /** As run.json has it. */
  root: string;
  /** Runs by their ids. */
  runs: string[];
  /** What to do first; null where they lie inside the folders given. */
  problem: string | null;
}
