import { describe, expect, it } from "vitest";
import { resolveConfig } from "../methods/registry.ts";
import { ALONE } from "./ranks.ts";
import { shared } from "./shared-batch.ts";

/** What so many ranks make of settings. */
function batchOf(flags: Record<string, unknown>, worldSize = 1): number {
  const config = resolveConfig({ flags: { preset: "small", ...flags } });
  const group = { ranks: { ...ALONE, worldSize }, worldSize, several: worldSize > 1 };
  return shared(config, { run: null, given: flags }, group, 1000).batch;
}

describe("a batch that ranks share", () => {
  it("is what each was to have times their number, or the global one", () => {
    expect(batchOf({ method: "byol", batch: 16 }, 4)).toBe(64);
    expect(batchOf({ method: "byol", global_batch: 96 }, 4)).toBe(96);
    expect(batchOf({ method: "byol", global_batch: 96, micro_batch: 32 })).toBe(96);
    // A part that is no smaller than a rank's images cuts nothing.
    expect(batchOf({ method: "mae", batch: 16, micro_batch: 16, global_batch: 48 }, 4)).toBe(48);
    expect(batchOf({ method: "mae", batch: 16, micro_batch: 16, global_batch: 44 }, 4)).toBe(44);
    // A run that goes on keeps its batch, however many share it.
    const config = resolveConfig({ flags: { method: "mae", preset: "small", batch: 96, micro_batch: 32 } });
    const two = { ranks: { ...ALONE, worldSize: 2 }, worldSize: 2, several: true };
    expect(shared(config, { run: {} as never, given: {} }, two, 1000).batch).toBe(96);
  });

  it.each<[Record<string, unknown>, number, RegExp]>([
    [{ method: "byol", global_batch: 65, micro_batch: 32 }, 1, /^Expected a micro_batch that divides batch 65, got 32/],
    [{ method: "byol", global_batch: 1 }, 1, /^Expected at least 2 for batch/],
    [{ method: "simclr", global_batch: 1 }, 1, /^Expected at least 2 for batch/],
    [
      { method: "mae", batch: 64, global_batch: 96, micro_batch: 32 },
      2,
      /^Expected a micro_batch that divides the 48 images of each of 2 ranks, got 32/,
    ],
    [{ method: "mae", global_batch: 9 }, 2, /^Expected a global batch that 2 ranks can share evenly, got 9/],
  ])("is refused where it makes no sense: %o with %i", (flags, ranks, words) => {
    expect(() => batchOf(flags, ranks)).toThrow(words);
  });
});
