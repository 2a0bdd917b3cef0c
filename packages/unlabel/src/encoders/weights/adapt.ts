// Weights made to fit: positions for another grid, first layers for another number of channels, class tokens with and without a
// position of their own.
import { cat, fromTypedArray, type Tensor, zeros } from "@unlabel/torch";
import { UserError } from "../../base/errors.ts";
import { resamplePositions } from "../positions.ts";
import type { FoundVit } from "./found-architecture.ts";
import type { Placed } from "./found-state.ts";

/** How the first layer comes to other channels. */
export type ChannelsRule = "mean" | "inflate";

/** A tensor of theirs in full, float32, on the CPU. */
export function tensorOf({ shape, pieces }: Placed): Tensor {
  const parts = pieces.map((piece) => {
    if (piece === null) return zeros([shape[0]! / pieces.length, ...shape.slice(1)]);
    const bytes = piece.bytes();
    const view = VIEWS[piece.dtype];
    if (view === undefined) throw new UserError(`Expected numbers in ${piece.name}, got ${piece.dtype}`);
    const dtype = /16$/.test(piece.dtype) && /float/.test(piece.dtype) ? { dtype: piece.dtype } : {};
    return fromTypedArray(view(bytes.buffer), piece.shape, dtype).to({ dtype: "float32" });
  });
  return (parts.length === 1 ? parts[0]! : cat(parts, 0)).reshape(shape);
}

const VIEWS: Readonly<Partial<Record<string, (bytes: ArrayBuffer) => Parameters<typeof fromTypedArray>[0]>>> = {
  float32: (bytes) => new Float32Array(bytes),
  float64: (bytes) => new Float64Array(bytes),
  float16: (bytes) => new Uint16Array(bytes),
  bfloat16: (bytes) => new Uint16Array(bytes),
  uint8: (bytes) => new Uint8Array(bytes),
  bool: (bytes) => new Uint8Array(bytes),
  int8: (bytes) => new Int8Array(bytes),
  int16: (bytes) => new Int16Array(bytes),
  int32: (bytes) => new Int32Array(bytes),
  int64: (bytes) => new BigInt64Array(bytes),
};

/**
 * A first layer `[out, channels, h, w]` for other channels. `mean`: each new one has the mean of the old ones; `inflate`: the old ones in
 * turn. Both are scaled by old over new channels, so that what comes out keeps its size.
 */
export function adaptChannels(weight: Tensor, to: number, rule: ChannelsRule): Tensor {
  const from = weight.shape[1]!;
  if (rule === "mean")
    return weight
      .mean([1], true)
      .mul(from / to)
      .expand([weight.shape[0]!, to, ...weight.shape.slice(2)]);
  const turns = Array.from({ length: to }, (_, i) => weight.narrow(1, i % from, 1));
  return cat(turns, 1).mul(from / to);
}

/** What positions become for an encoder whose table has `length` rows. */
export interface FittedPositions {
  /** `[1, length, D]` */
  positions: Tensor;
  /** What the class token has besides, `[1, 1, D]`, where the encoder's has no position and theirs had; else null. */
  classToken: Tensor | null;
  from: readonly [number, number];
  to: readonly [number, number];
}

/** @throws {UserError} where positions lie in no square that is known */
export function fitPositions(table: Tensor, found: FoundVit, length: number): FittedPositions {
  const to = squareOf(length);
  if (found.grid === null || to === null) {
    throw new UserError(`Expected positions of a square of patches, got ${table.shape[1]} for ${length}`);
  }
  const dim = table.shape[2]!;
  const places = found.grid[0] * found.grid[1];
  const own = table.reshape([table.shape[1]!, dim]);
  const first = found.classPosition ? own.narrow(0, 0, 1) : zeros([1, dim]);
  const whole = cat([first, own.narrow(0, own.shape[0]! - places, places)], 0);
  const same = found.grid[0] === to.side && found.grid[1] === to.side;
  const fitted = same ? whole : resamplePositions(whole, found.grid, [to.side, to.side]);
  const positions = (to.before === 1 ? fitted : fitted.narrow(0, 1, to.side ** 2)).unsqueeze(0);
  const classToken = to.before === 0 && found.classPosition ? first.reshape([1, 1, dim]) : null;
  return { positions, classToken, from: found.grid, to: [to.side, to.side] };
}

/** A table's square of places, and whether a class token's row stands before it. */
function squareOf(length: number): { side: number; before: 0 | 1 } | null {
  for (const before of [1, 0] as const) {
    const side = Math.sqrt(length - before);
    if (length > before && Number.isInteger(side)) return { side, before };
  }
  return null;
}
