// Types of run-tests.mjs, for its test.
export interface Tally {
  passed: number;
  failed: number;
  skipped: { name: string; why: string }[];
}
export function runTests(args: string[], env?: NodeJS.ProcessEnv, stdio?: "inherit" | "ignore"): Tally;
export function summary(tally: Tally): string;
