// Which process of how many this is. One process a device: each has its part of every batch, in the order of the ranks.
import { UsageError } from "../base/errors.ts";
import { counted } from "../base/text.ts";

/** A process's place among those that train together. */
export interface Ranks {
  /** From 0. */
  rank: number;
  /** How many there are. */
  worldSize: number;
  /** Among those of this machine: which device is this one's. */
  localRank: number;
  /** How many there are on this machine. */
  localWorldSize: number;
  /** Where the ranks meet: a name or an address. */
  masterAddr: string;
  /** The port there. */
  masterPort: number;
  /** Whether this process serves the store there: rank 0, unless a launcher does. */
  store: "serve" | "client";
  /** Seconds that ranks wait for one another. */
  timeout: number;
  /** How many times a launcher has started all of them again. */
  attempt: number;
}

/** One process by itself. */
export const ALONE: Ranks = {
  rank: 0,
  worldSize: 1,
  localRank: 0,
  localWorldSize: 1,
  masterAddr: "127.0.0.1",
  masterPort: 29_500,
  store: "serve",
  timeout: 300,
  attempt: 0,
};

/** Images of every batch that are one rank's. @throws {UsageError} where the ranks cannot share a batch evenly */
export function localBatch({ worldSize }: Pick<Ranks, "worldSize">, batch: number): number {
  if (batch % worldSize === 0) return batch / worldSize;
  const below = batch - (batch % worldSize);
  const fitting = [below, below + worldSize].filter((size) => size > 0).join(" or ");
  throw new UsageError(
    `Expected a global batch that ${counted(worldSize, "rank")} can share evenly, got ${batch}; start with another number of ranks, or a new run with --set global_batch=${fitting}`,
  );
}

/** Place of a rank's first image in the global batch. */
export function firstPlace({ rank, worldSize }: Pick<Ranks, "rank" | "worldSize">, batch: number): number {
  return rank * localBatch({ worldSize }, batch);
}
