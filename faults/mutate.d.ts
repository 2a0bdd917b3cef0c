import type { Random } from "./random.ts";
/** A file that may be no longer what it was: one to eight changes, of which `words` says what text it holds. */
export declare function mutate(seed: Uint8Array, random: Random, words: readonly string[]): Buffer;
