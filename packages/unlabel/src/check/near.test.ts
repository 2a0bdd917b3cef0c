import { describe, expect, it } from "vitest";
import { Rng, shuffle } from "../base/rng.ts";
import { HASH_SIDE, perceptualHash, popcount } from "./hash.ts";
import { FARTHEST, NearIndex } from "./near.ts";

function randomWords(count: number): Uint32Array {
  const rng = new Rng(1, "near");
  return Uint32Array.from({ length: 2 * count }, () => rng.bits());
}

function distance(a: Uint32Array, i: number, b: Uint32Array, j: number): number {
  return popcount(a[2 * i]! ^ b[2 * j]!) + popcount(a[2 * i + 1]! ^ b[2 * j + 1]!);
}

describe("NearIndex", () => {
  it("finds what a loop over all pairs finds, wherever the bits differ", () => {
    const words = randomWords(400);
    // Every fifth hash is another with up to 14 bits turned: on either side of the farthest.
    for (let i = 0; i < 400; i += 5) {
      words.set(words.subarray(2 * (i + 1), 2 * (i + 1) + 2), 2 * i);
      const bits = shuffle(64, i, 0).subarray(0, (i / 5) % 15);
      for (const bit of bits) words[2 * i + (bit >> 5)]! ^= 1 << (bit & 31);
    }
    const index = new NearIndex(words);
    let [total, farthest] = [0, 0];
    for (let i = 0; i < 400; i++) {
      const found = new Map<number, number>();
      index.search(words, i, FARTHEST, (member, bits) => found.set(member, bits));
      const wanted = new Map<number, number>();
      for (let j = 0; j < 400; j++) {
        const bits = distance(words, i, words, j);
        if (bits <= FARTHEST) wanted.set(j, bits);
      }
      expect(new Map([...found].sort(([a], [b]) => a - b))).toEqual(wanted);
      total += found.size - 1;
      farthest = Math.max(farthest, ...found.values());
    }
    expect(total).toBeGreaterThan(100);
    expect(farthest).toBe(FARTHEST);
  });
});

describe("popcount", () => {
  it.each([0, 1, 0x80000000, 0xffffffff, 0x0f0f1234, -1])("counts the bits of %i", (x) => {
    expect(popcount(x)).toBe([...(x >>> 0).toString(2)].filter((bit) => bit === "1").length);
  });
});

describe("perceptualHash", () => {
  const waves = (u: number, v: number) =>
    Float32Array.from({ length: HASH_SIDE ** 2 }, (_, i) => {
      const [x, y] = [i % HASH_SIDE, Math.floor(i / HASH_SIDE)];
      const cosine = (k: number, at: number) => Math.cos((Math.PI * k * (2 * at + 1)) / (2 * HASH_SIDE));
      return 128 + 50 * cosine(u, x) * cosine(v, y);
    });

  it.each([
    [1, 0],
    [3, 2],
    [7, 7],
    [8, 0],
  ])("sets the bit of the one frequency (%i, %i) that is there", (u, v) => {
    const at = u === 8 ? 0 : 8 * v + u;
    const [low, high] = perceptualHash(waves(u, v));
    expect([(low >>> at) & (at < 32 ? 1 : 0), (high >>> (at - 32)) & (at < 32 ? 0 : 1)]).toEqual(
      at < 32 ? [1, 0] : [0, 1],
    );
  });

  it("does not depend on brightness and contrast", () => {
    const rng = new Rng(3, "hash");
    const picture = Float32Array.from({ length: HASH_SIDE ** 2 }, () => rng.uniform(0, 255));
    expect(perceptualHash(picture.map((value) => 0.5 * value + 40))).toEqual(perceptualHash(picture));
  });
});
