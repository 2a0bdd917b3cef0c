// What a watch on a run has found: a verdict without labels, kept in run.json.

export const VERDICTS = [
  "healthy",
  "too-early",
  "not-finite",
  "below-floor",
  "diverging",
  "exploding-gradient",
  "collapsed",
  "dimensional-collapse",
  "vanishing-gradient",
  "not-learning",
] as const;

/** run.json's `health`. */
export interface Health {
  /** What was found. */
  verdict: (typeof VERDICTS)[number];
  /** The step since which it holds without a break; null where all is well. */
  since: number | null;
  /** One sentence for people, with what to try. */
  text: string;
}
