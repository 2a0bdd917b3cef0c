import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Blocks, orderOf } from "./blocks.ts";

const PER_BLOCK = 10;
/** 40 blocks of 10 images and 100 bytes, windows of 4 blocks, 9 blocks kept. */
function blocks(fetch?: (block: number) => Promise<number>) {
  return new Blocks<number>({
    sizes: new Array(40).fill(100),
    blockOf: (at) => Math.floor(at / PER_BLOCK),
    windowBytes: 400,
    keptBytes: 900,
    ...(fetch && { fetch }),
  });
}
const items = Array.from({ length: 400 }, (_, at) => ({ path: String(at), label: 0, at }));

describe("Blocks", () => {
  it("orders every image once, by windows of a few blocks, depending on (seed, epoch) alone", () => {
    const order = [...blocks().order(items, 3, 1)];
    expect([...order].sort((a, b) => a - b)).toEqual(items.map(({ at }) => at));
    for (let from = 0; from < 400; from += 40) {
      const window = order.slice(from, from + 40).map((at) => Math.floor(at / PER_BLOCK));
      expect(new Set(window).size).toBe(4);
      // Shuffled within: the first ten come from more than one block.
      expect(new Set(window.slice(0, 10)).size).toBeGreaterThan(1);
    }
    expect([...blocks().order(items, 3, 1)]).toEqual(order);
    expect([...blocks().order(items, 3, 2)]).not.toEqual(order);
    expect([...blocks().order(items, 4, 1)]).not.toEqual(order);
  });

  it("orders part of a split by its own places", () => {
    const order = orderOf(blocks());
    const split = { name: "train" as const, root: "", items, order };
    const part = { ...split, items: items.filter(({ at }) => at % 3 === 0) };
    expect([...part.order(0, 0)].sort((a, b) => a - b)).toEqual(part.items.map((_, i) => i));
  });

  it("fetches each block once a pass, the next window ahead, within bounded memory", async () => {
    const fetched: number[] = [];
    let most = 0;
    const store = blocks(async (block) => {
      fetched.push(block);
      return block;
    });
    for (const index of store.order(items, 0, 0)) {
      expect(await store.get(Math.floor(index / PER_BLOCK))).toBe(Math.floor(index / PER_BLOCK));
      most = Math.max(most, store.bytes);
    }
    expect(fetched).toHaveLength(40);
    expect(most).toBeGreaterThan(400);
    expect(most).toBeLessThanOrEqual(900);
  });

  it("samples one window: as few blocks as that, read one after the other, and nothing ahead of them", async () => {
    const fetched: number[] = [];
    let underWay = 0;
    const store = blocks(async (block) => {
      expect(++underWay).toBe(1);
      fetched.push(block);
      await setTimeout(1);
      underWay--;
      return block;
    });
    // An epoch has begun, so that blocks to come are known.
    const first = new Set([...store.order(items, 5, 0).slice(0, 40)].map((at) => Math.floor(at / PER_BLOCK)));
    for (const count of [400, 25]) {
      const sample = store.sample(items, count, 5);
      expect(sample).toHaveLength(Math.min(count, 40));
      expect(new Set(sample).size).toBe(sample.length);
      const picked = await store.pick(sample, (block, at) => [block, at], { ahead: false });
      expect(picked).toEqual(sample.map(({ at = 0 }) => [Math.floor(at / PER_BLOCK), at]));
    }
    expect(new Set(fetched)).toEqual(first);
    expect(fetched).toEqual([...first].sort((a, b) => a - b));
    // Not in the order that they lie in, nor in that of the epoch.
    expect(store.sample(items, 40, 5)).not.toEqual(store.sample(items, 40, 5).sort((a, b) => a.at! - b.at!));
    expect(store.sample(items, 40, 6)).not.toEqual(store.sample(items, 40, 5));
    expect(store.sample([], 10, 5)).toEqual([]);
  });

  it("picks from any number of blocks with a few on their way at once, and keeps none that it need not", async () => {
    let [underWay, most] = [0, 0];
    const store = blocks(async (block) => {
      most = Math.max(most, ++underWay);
      await setTimeout(1);
      underWay--;
      return block;
    });
    const scattered = items.filter(({ at }) => at % 7 === 0).reverse();
    const picked = await store.pick(scattered, (block) => block);
    expect(picked).toEqual(scattered.map(({ at }) => Math.floor(at / PER_BLOCK)));
    expect(most).toBe(8);
    expect(store.bytes).toBeLessThanOrEqual(900);
  });

  it("asks again for what failed", async () => {
    let fails = 1;
    const store = blocks(async (block) => {
      if (fails-- > 0) throw new Error("cut");
      return block;
    });
    await expect(store.get(7)).rejects.toThrow("cut");
    expect(await store.get(7)).toBe(7);
  });
});
