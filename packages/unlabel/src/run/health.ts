// What a watch on a run has found: a verdict without labels, kept in run.json.

export const VERDICTS = [
  "healthy",
  "too-early",
  "not-finite",
  "below-floor",
  "diverging",
  "worse-than-start",
  "exploding-gradient",
  "collapsed",
  "dimensional-collapse",
  "vanishing-gradient",
  "not-learning",
] as const;

/** The encoder that a run was given to begin with, looked at before the first step; run.json's `start`. */
export interface StartLook {
  /** Share of images that kNN tells right among so many, by how many there were; empty without labels. */
  votes: { images: number; top1: number }[];
  /** How features are spread over so many images, by the names that rows have; null where that is not looked at. */
  health: { images: number; values: Record<string, number> } | null;
}

/** A look before the first step by the names that rows have. */
export function startValues({ votes: [vote], health }: StartLook): Record<`${string}/${string}`, number> {
  return {
    ...health?.values,
    ...(health && { "health/images": health.images }),
    ...(vote && { "online/knn_top1": vote.top1, "online/images": vote.images }),
  };
}

/** run.json's `health`. */
export interface Health {
  /** What was found. */
  verdict: (typeof VERDICTS)[number];
  /** The step since which it holds without a break; null where all is well. */
  since: number | null;
  /** One sentence for people, with what to try. */
  text: string;
}
