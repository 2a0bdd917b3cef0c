// Written by `npx tsx bench/write-trust.ts` from bench/rows/indicators.jsonl; null until thirty checkpoints of three sets are there.
import type { Trust } from "./trust.ts";

/** What labelled sets said of indicators without labels. */
export const TRUST: Trust | null = {
  sets: ["photographs", "drawings", "photographs in one channel of 16 bits"],
  checkpoints: 105,
  combination: ["alignment_ratio", "rotation", "place"],
  judged: { right: 1019, pairs: 1253, interval: [0.738, 0.874] },
};
