import { describe, expect, it } from "vitest";
import { FULL, secondsFor } from "./train.ts";
import { cases } from "./train-cases.ts";
import { type Duel, takeTurns } from "./turns.ts";

describe("rows of the training bench", () => {
  it("have a name each, and an expert's bf16 only where the hardware has it", () => {
    for (const bf16 of [true, false]) {
      const all = cases(bf16);
      expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
      const half = all.filter(({ peer }) => peer.includes("--bf16")).map(({ name }) => name);
      const expert = all.filter(({ name }) => !name.endsWith("as written")).map(({ name }) => name);
      expect(half).toEqual(bf16 ? expert : []);
    }
  });

  it("take less than 25 minutes on two cores of fp32, of which products get 210 GFLOP/s", () => {
    expect(secondsFor(cases(false), 2, FULL, 210) / 60).toBeLessThan(25);
  });

  it("take less where only some are asked for", () => {
    const some = cases(false).filter(({ size }) => size === 64);
    expect(secondsFor(some, 0, FULL, 210)).toBeLessThan(secondsFor(cases(false), 2, FULL, 210) / 2);
  });
});

describe("taking turns", () => {
  const sides = (log: string[]) => {
    let round = 0;
    return (key: string, speeds: number[], mb: number) => ({
      key,
      run: async () => {
        log.push(key);
        const at = log.filter((one) => one === key).length - 1;
        return { json: { speed: speeds[at] }, seconds: 1, mb: mb + round++ };
      },
    });
  };

  it("runs each side once a round, a shared one too, and counts medians and the most memory", async () => {
    const log: string[] = [];
    const side = sides(log);
    const ours = side("ours", [4, 6, 100], 10);
    const duel = (name: string, peer: Duel["peer"]): Duel => ({ name, unit: "images/s", figure: "speed", ours, peer });
    const rows = await takeTurns([duel("a", side("a", [3, 3, 1], 0)), duel("b", side("b", [1, 2, 2], 0))], 3);
    expect(log).toEqual(["a", "ours", "b", "a", "ours", "b", "a", "ours", "b"]);
    expect(rows.map(({ name, ours, peer, ratio }) => ({ name, ours, peer, ratio }))).toEqual([
      { name: "a", ours: 6, peer: 3, ratio: 2 },
      { name: "b", ours: 6, peer: 2, ratio: 3 },
    ]);
    expect(rows[0]?.ours_mb).toBe(17);
    expect(rows[1]?.peer_mb).toBe(8);
  });

  it("refuses a result without the number that counts", async () => {
    const side = sides([]);
    const broken = { key: "peer", run: async () => ({ json: {}, seconds: 1, mb: undefined }) };
    const duel = { name: "a", unit: "images/s", figure: "speed", ours: side("ours", [1], 1), peer: broken };
    await expect(takeTurns([duel], 1)).rejects.toThrow("Expected a number for speed in a result");
  });
});
