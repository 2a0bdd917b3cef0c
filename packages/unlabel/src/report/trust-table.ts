// Written by `npx tsx bench/write-trust.ts` from bench/rows/indicators.jsonl; null until rows of two sets are there.
import type { Trust } from "./trust.ts";

/** What labelled sets said of indicators without labels. */
export const TRUST: Trust | null = null;
