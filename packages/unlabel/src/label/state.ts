// What the labelling page is told: types alone, since pages import nothing else.

/** How one run stands to another, as a bar has it. */
export interface Row {
  /** Better where the bar lies to the left of 0. */
  left: string;
  /** Better where it lies to the right. */
  right: string;
  /** How much more often the right one is right, in [−1, 1]. */
  mean: number;
  low: number;
  high: number;
  /** The same for whoever sees no bar. */
  words: string;
}

/** A session as the page shows it. */
export interface LabelState {
  /** Answers so far. */
  at: number;
  /** Images in all. */
  images: number;
  /** What is to be labelled; null where everything is. */
  current: { image: number; url: string; name: string } | null;
  /** Addresses of pictures that may come next. */
  upcoming: string[];
  /** In the order in which they were made; a key each, as far as there are keys. */
  classes: { name: string; key: string | null; images: number }[];
  counts: string;
  verdict: string;
  settled: boolean;
  detail: string;
  rows: Row[];
}
