// What went wrong between ranks, and with which of them.
import { TorchError } from "./errors.ts";

/** A failure between the processes of a group; one line that names the ranks where they are known. The group is of no use after it. */
export class RankError extends TorchError {
  override readonly name: string = "RankError";
  /** The ranks that were lost, failed or never came; empty where that is not known. */
  readonly ranks: readonly number[];

  constructor(message: string, ranks: readonly number[] = [], options?: ErrorOptions) {
    super(message, undefined, options);
    this.ranks = ranks;
  }
}

/** `rank 2`, `ranks 1 and 3`, `ranks 1, 2 and 5`. */
export function ranksInWords(ranks: readonly number[]): string {
  if (ranks.length === 1) return `rank ${ranks[0]}`;
  return `ranks ${ranks.slice(0, -1).join(", ")} and ${ranks.at(-1)}`;
}
