// Written by `npx tsx bench/write-trust.ts` from bench/rows/indicators.jsonl; null until thirty checkpoints of three sets are there.
import type { Trust } from "./trust.ts";

/** What labelled sets said of indicators without labels. */
export const TRUST: Trust | null = null;
