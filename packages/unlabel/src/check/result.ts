// What a check of images found out.
import type { ClassName, Layout, Split } from "../data/folder.ts";
import type { Input } from "../data/input.ts";
import type { Forecast } from "./forecast.ts";
import type { KindCount } from "./kinds.ts";
import type { Sizes } from "./sizes.ts";
import type { ClassValues } from "./values.ts";

/** Something to mend before training. */
export interface Finding {
  /** What is wrong. */
  kind:
    | "leakage"
    | "conflict"
    | "unreadable"
    | "few"
    | "class-mismatch"
    | "one-class"
    | "tiny-class"
    | "imbalance"
    | "duplicates"
    | "misnamed"
    | "tiny"
    | "thin"
    | "blank"
    | "nearly-blank"
    | "refused"
    | "mixed-depth"
    | "mixed-bands";
  /** Images or classes concerned. */
  count: number;
  /** The same in a sentence, with what to do. */
  text: string;
}

/** An image as people know it. */
export interface Named {
  /** Where it belongs. */
  split: Split["name"];
  /** Relative to the root; of a tile with its left and upper edge, `scene.tif#512,0`. */
  path: string;
  /** Its class's name; null without one. */
  class: string | null;
}

/** A class and its images. */
export interface ClassCount extends ClassName {
  /** Images of train. */
  train: number;
  /** Images of val. */
  val: number;
}

/** Everything that was found out; plain data. */
export interface CheckResult {
  /** The root, as given. */
  data: string;
  /** How the data set was understood. */
  layout: Layout;
  /** The same in words: images, classes and splits, and what is left aside. */
  understood: string[];
  /** How samples become the network's input; in `findings` where training would refuse these images. */
  input: Input;
  /** Why training would refuse these images, or null. */
  refusal: string | null;
  /** As in the data set. */
  fingerprint: string;
  /** For the pass and the search for copies, without the forecast. */
  seconds: number;
  /** How fast the pass was. */
  images_per_s: number;
  /** Whether there are no findings. */
  ok: boolean;
  /** How many there are in each split, and how many of all can and cannot be read. */
  images: { train: number; val: number; readable: number; unreadable: number };
  /** Every class with its images, in the order of the labels. */
  classes: ClassCount[];
  /** Files by format. */
  formats: Record<string, number>;
  /** Files by the depth of their samples, the most frequent first. */
  depths: KindCount[];
  /** Files by their bands: RGB, gray, RGB and alpha, 13 bands. */
  bands: KindCount[];
  /** Values of each band in all training images and in each class; null for photographs. */
  values: ClassValues[] | null;
  /** Null where no image can be read. */
  sizes: Sizes | null;
  /** Images that EXIF says are to be turned. */
  turned: number;
  /** What cannot be read, and why. */
  unreadable: (Named & { reason: string })[];
  /** What can be read, but is hardly meant to be here, and why. */
  suspicious: (Named & { reasons: string[] })[];
  /** `copies`: images more than there would be without any copy. */
  duplicates: {
    copies: number;
    groups: { kind: "exact" | "near"; similarity: number; leak: boolean; conflict: boolean; images: Named[] }[];
  };
  /** Images of val that train has, too: how many of each kind, and which. */
  leakage: {
    exact: number;
    near: number;
    images: { val: string; train: string; kind: "exact" | "near"; similarity: number }[];
  };
  /** What to mend. */
  findings: Finding[];
  /** What is good to know. */
  notes: string[];
  /** What training would cost; null where nothing was measured. */
  forecast: Forecast | null;
}
