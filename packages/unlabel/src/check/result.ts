// What a check of images found out.
import type { ClassName, Layout, Split } from "../data/folder.ts";
import type { Forecast } from "./forecast.ts";
import type { Sizes } from "./sizes.ts";

export interface Finding {
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
    | "blank";
  /** Images or classes concerned. */
  count: number;
  text: string;
}

/** An image as people know it. */
export interface Named {
  split: Split["name"];
  path: string;
  /** Its class's name; null without one. */
  class: string | null;
}

export interface ClassCount extends ClassName {
  train: number;
  val: number;
}

/** Everything that was found out; plain data. */
export interface CheckResult {
  data: string;
  layout: Layout;
  fingerprint: string;
  /** For the pass and the search for copies, without the forecast. */
  seconds: number;
  images_per_s: number;
  /** Whether there are no findings. */
  ok: boolean;
  images: { train: number; val: number; readable: number; unreadable: number };
  classes: ClassCount[];
  /** Images by format. */
  formats: Record<string, number>;
  /** Null where no image can be read. */
  sizes: Sizes | null;
  /** Images that EXIF says are to be turned. */
  turned: number;
  unreadable: (Named & { reason: string })[];
  suspicious: (Named & { reasons: string[] })[];
  /** `copies`: images more than there would be without any copy. */
  duplicates: {
    copies: number;
    groups: { kind: "exact" | "near"; similarity: number; leak: boolean; conflict: boolean; images: Named[] }[];
  };
  leakage: {
    exact: number;
    near: number;
    images: { val: string; train: string; kind: "exact" | "near"; similarity: number }[];
  };
  findings: Finding[];
  notes: string[];
  forecast: Forecast | null;
}
