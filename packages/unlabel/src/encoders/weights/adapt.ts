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

/** What positions become for an encoder's table. */
export interface FittedPositions {
  /** `[1, length, D]` */
  positions: Tensor;
  /** What the class token has besides, `[1, 1, D]`, where the encoder's has no position and theirs had; else null. */
  classToken: Tensor | null;
  /** Likewise of registers, `[1, R, D]`. */
  registers: Tensor | null;
  from: readonly [number, number];
  to: readonly [number, number];
}

/**
 * A table of positions for an encoder with other tokens before the patches, or another grid.
 *
 * @param table `[1, length, D]`
 * @param into the encoder's table: `length` rows, of which the last `side`² are the patches'
 * @throws {UserError} where positions lie in no square that is known
 */
export function fitPositions(
  table: Tensor,
  found: FoundVit,
  { length, side }: { length: number; side: number },
): FittedPositions {
  const rows = length - side ** 2;
  const { grid, registers, classPosition, registerPositions } = found;
  if (grid === null || rows < 0) {
    throw new UserError(`Expected positions of a square of patches, got ${table.shape[1]} for ${length}`);
  }
  const dim = table.shape[2]!;
  const places = grid[0] * grid[1];
  const own = table.reshape([table.shape[1]!, dim]);
  const classRow = classPosition ? own.narrow(0, 0, 1) : zeros([1, dim]);
  const registerRows = registerPositions ? own.narrow(0, classPosition ? 1 : 0, registers) : zeros([registers, dim]);
  const classes = found.classToken ? 1 : 0;
  const hasClass = classes === 1 && rows > 0;
  const hasRegisters = registers > 0 && rows === classes + registers;
  const before = [...(hasClass ? [classRow] : []), ...(hasRegisters ? [registerRows] : [])];
  const kept = (hasClass ? 1 : 0) + (hasRegisters ? registers : 0);
  const theirs = own.narrow(0, own.shape[0]! - places, places);
  const interpolation = found.interpolation ?? "antialias";
  const isSame = grid[0] === side && grid[1] === side;
  const fitted = isSame ? theirs : resamplePositions(theirs, grid, [side, side], { prefix: 0, interpolation });
  const all = [...before, ...(rows > kept ? [zeros([rows - kept, dim])] : []), fitted];
  return {
    positions: cat(all, 0).unsqueeze(0),
    classToken: classPosition && !hasClass ? classRow.reshape([1, 1, dim]) : null,
    registers: registerPositions && !hasRegisters ? registerRows.unsqueeze(0) : null,
    from: grid,
    to: [side, side],
  };
}
