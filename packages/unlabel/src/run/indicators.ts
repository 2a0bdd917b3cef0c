// What is told of an encoder without labels: names and words of the indicators, for tables, reports and files; neither engine nor zod.

/** Which values of an indicator are better, as its paper has it. */
export type Better = "higher" | "lower" | "near 1" | "neither";

/** Kinds of change that view retrieval asks for, each alone. */
export const CHANGES = ["crop", "colour", "blur", "rotation"] as const;

/** Key of an indicator. */
export type IndicatorName =
  | "rank_me"
  | "alpha_req"
  | "lidar"
  | "alignment"
  | "alignment_ratio"
  | "uniformity"
  | `found_${(typeof CHANGES)[number]}`
  | "rotation"
  | "place"
  | "cluster_learnability"
  | "intrinsic_dimension"
  | "cluster_halves"
  | "cluster_seeds";

/** An indicator in words. */
export interface IndicatorAbout {
  /** Its key. */
  name: IndicatorName;
  /** What people call it. */
  title: string;
  /** Which values are better. */
  better: Better;
  /** Whether it is a share in [0, 1]. */
  share: boolean;
}

const about = (name: IndicatorName, title: string, better: Better, share = false): IndicatorAbout => ({
  name,
  title,
  better,
  share,
});

/** All of them, in the order of tables; docs/without-labels.md has formulas and sources. */
export const INDICATORS: readonly IndicatorAbout[] = [
  about("rank_me", "RankMe", "higher"),
  about("alpha_req", "α-ReQ", "near 1"),
  about("lidar", "LiDAR", "higher"),
  about("alignment", "alignment", "lower"),
  about("alignment_ratio", "alignment ratio", "lower"),
  about("uniformity", "uniformity", "lower"),
  ...CHANGES.map((change) => about(`found_${change}` as const, `found again: ${change}`, "neither", true)),
  about("rotation", "rotation told", "higher", true),
  about("place", "place told", "higher", true),
  about("cluster_learnability", "clusters learnt", "higher", true),
  about("intrinsic_dimension", "intrinsic dimension", "higher"),
  about("cluster_halves", "clusters, halves", "higher"),
  about("cluster_seeds", "clusters, seeds", "higher"),
];

/**
 * A value with the better end up, so that the larger of two is the better: the negative of those that are better lower, and of the distance to
 * 1. An encoder that is told nothing of a change finds its images again: more of `neither` is taken for better, and the rows of
 * `npm run bench -- indicators` judge that.
 */
export function upward({ better }: Pick<IndicatorAbout, "better">, value: number): number {
  return better === "lower" ? -value : better === "near 1" ? -Math.abs(value - 1) : value;
}

/** A number, with its 95 % interval over images where that means something; or why there is none. */
export type Indicator =
  | { value: number; interval?: [low: number, high: number]; refused?: undefined }
  | { refused: string; value?: undefined; interval?: undefined };

/** All indicators of one kind of features. */
export type Indicators = Record<IndicatorName, Indicator>;

/** Which images were looked at: a split of their own, those held out from training, or those that it saw. */
export type LookedAt = "val" | "held out" | "train";
