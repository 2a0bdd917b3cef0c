// A row of the measured table (measured-rows.ts), as programs read it.

/** What a method came to in so many minutes of training, settings searched on images held out from train. */
export interface MeasuredMethod {
  /** What images: Imagenette is of the kind photographs. */
  images: "photographs";
  /** Of training on two cores. */
  minutes: number;
  /** Its name. */
  method: string;
  /** What it trained. */
  encoder: string;
  /** Top-1 of a linear probe on val, in [0, 1]. */
  linear: number;
  /** The same of the weights that it began with. */
  initial: number;
  /** 95 % interval of `linear`. */
  interval: readonly [low: number, high: number];
  /** Top-1 of kNN on val, in [0, 1]. */
  knn: number;
}
