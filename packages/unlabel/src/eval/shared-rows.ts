// Encoding over ranks. Each rank has every so many whole batches, so that a batch holds the images that it holds in one process and its
// features are the same to the bit; rank 0 puts the rows in the images' order, and the others keep none.
import { cat, distributed, fromTypedArray, noGrad, scope, type Tensor, zeros } from "@unlabel/torch";
import type { RankGroup } from "../train/rank-group.ts";

/** What sharing needs of the ranks. */
export type Sharing = Pick<RankGroup, "rank" | "worldSize" | "all">;

/** An image that could not be read. */
export interface Unread {
  path: string;
  reason: string;
}

/** What one rank made of its part. */
export interface OwnRows {
  /** Places among all images of the rows. */
  kept: readonly number[];
  unread: readonly Unread[];
  /** float32 `[kept, …]` of each kind; null where nothing could be read. */
  parts: readonly (Tensor | null)[];
}

/** What all of them made. */
export interface AllRows {
  /** Places among all images of the rows, in their order; on every rank. */
  kept: Int32Array;
  /** What could not be read, by rank. */
  unread: readonly Unread[][];
  /** `[kept, …]` of each kind on rank 0, no rows on the others; null where no rank could read anything. */
  parts: Tensor[] | null;
}

/** Bytes that ranks exchange at once, all of them together. */
const AT_ONCE = 64e6;

/** Whether there are several ranks to share among. */
export function isShared(ranks: Sharing | undefined): ranks is Sharing {
  return ranks !== undefined && ranks.worldSize > 1;
}

/** The places, of so many images, of a rank's own whole batches. */
export function ownPlaces(
  count: number,
  batch: number,
  { rank, worldSize }: Pick<Sharing, "rank" | "worldSize">,
): number[] {
  const places: number[] = [];
  for (let start = rank * batch; start < count; start += worldSize * batch) {
    for (let place = start; place < Math.min(count, start + batch); place++) places.push(place);
  }
  return places;
}

/**
 * Brings the rows of all ranks together on rank 0. Own parts are disposed of.
 */
export async function shareRows(own: OwnRows, ranks: Sharing, device: string): Promise<AllRows> {
  const { kept, unread, parts } = own;
  const tails = parts.map((part) => part?.shape.slice(1) ?? null);
  const told = await ranks.all({ kept: spans(kept), unread, tails });
  const places = told.map((one) => fromSpans(one.kept));
  const all = places.flat();
  const order = Array.from(all.keys()).sort((a, b) => all[a]! - all[b]!);
  const known = parts.map((_, i) => told.map((one) => one.tails[i]).find((tail) => tail != null));
  const counts = places.map(({ length }) => length);
  const joined = known.map((tail, i) => (tail ? gather(parts[i] ?? null, tail, counts, order, ranks, device) : null));
  for (const part of parts) part?.dispose();
  return {
    kept: Int32Array.from(order, (row) => all[row]!),
    unread: told.map((one) => [...one.unread]),
    parts: joined.every((one) => one !== null) ? joined : null,
  };
}

/** One kind's rows of all ranks, in the images' order; in pieces, so that the others never hold all of them. */
function gather(
  own: Tensor | null,
  tail: readonly number[],
  counts: readonly number[],
  order: readonly number[],
  { rank, worldSize }: Sharing,
  device: string,
): Tensor {
  const [most, width] = [Math.max(...counts), tail.reduce((product, size) => product * size, 1)];
  const rows = Math.max(1, Math.floor(AT_ONCE / (4 * Math.max(1, width) * worldSize)));
  const pieces: Tensor[][] = counts.map(() => []);
  for (let from = 0; from < most; from += rows) {
    const count = Math.min(rows, most - from);
    const held = (of: number) => Math.min(count, Math.max(0, counts[of]! - from));
    const got = noGrad(() =>
      scope(() => {
        const sent = zeros([count, ...tail], { device });
        if (own && held(rank) > 0) sent.narrow(0, 0, held(rank)).copy_(own.narrow(0, from, held(rank)));
        const all = distributed.allGatherIntoTensor(sent);
        if (rank !== 0) return [];
        return counts.map((_, one) => (held(one) > 0 ? all.narrow(0, one * count, held(one)).clone() : null));
      }),
    );
    for (const [one, piece] of got.entries()) if (piece) pieces[one]!.push(piece);
  }
  if (rank !== 0) return zeros([0, ...tail], { device });
  const whole = scope(() =>
    noGrad(() => cat(pieces.flat(), 0).indexSelect(0, fromTypedArray(Int32Array.from(order)).to({ device }))),
  );
  for (const piece of pieces.flat()) piece.dispose();
  return whole;
}

/** Places as first and length of each run: a batch is one. */
function spans(places: readonly number[]): number[] {
  const found: number[] = [];
  for (const place of places) {
    const [first, length] = [found.at(-2), found.at(-1)];
    if (first !== undefined && length !== undefined && first + length === place) found[found.length - 1] = length + 1;
    else found.push(place, 1);
  }
  return found;
}

function fromSpans(found: readonly number[]): number[] {
  const places: number[] = [];
  for (let at = 0; at < found.length; at += 2) {
    for (let i = 0; i < found[at + 1]!; i++) places.push(found[at]! + i);
  }
  return places;
}
