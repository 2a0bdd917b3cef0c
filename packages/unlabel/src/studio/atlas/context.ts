// What an answer is worked out with.
import type { Tell } from "./features.ts";

/** See the head of this file. */
export interface Context {
  tell: Tell;
  signal: AbortSignal;
}
