// Written by `npm run bench -- methods --from-rows --write` from bench/rows/methods.jsonl: what each method came to in the same minutes, the best first.
import type { MeasuredMethod } from "./measured-method.ts";

export const MEASURED: readonly MeasuredMethod[] = [];
