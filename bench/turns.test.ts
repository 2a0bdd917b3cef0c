import { describe, expect, it } from "vitest";
import { type Outcome, RefusedError } from "./child.ts";
import type { Row } from "./row.ts";
import { type Duel, MOST_SERIES, type Side, takeTurns } from "./turns.ts";

/** Sides that answer with given speeds, one after the other, and note when they were asked. */
function sides() {
  const log: string[] = [];
  const side = (key: string, speeds: number[], mb = 0): Side => {
    let asked = 0;
    return {
      key,
      run: async (): Promise<Outcome> => {
        log.push(key);
        return { json: { speed: speeds[asked] }, seconds: 1, mb: mb + asked++ };
      },
    };
  };
  const duel = (name: string, ours: Side, peer?: Side, more: Partial<Duel> = {}): Duel => {
    return { name, unit: "images/s", figure: "speed", ours, peer, ...more };
  };
  return { log, side, duel };
}

const ratios = ({ ours, peer, ratio }: Row) => ({ ours, peer, ratio });

describe("taking turns", () => {
  it("runs each side once a round, a shared one too, every second round in reverse", async () => {
    const { log, side, duel } = sides();
    const ours = side("ours", [1, 1, 1]);
    const duels = [duel("a", ours, side("a", [1, 1, 1])), duel("b", ours, side("b", [1, 1, 1]))];
    await takeTurns(duels, { rounds: 3 });
    expect(log).toEqual(["a", "ours", "b", "b", "ours", "a", "a", "ours", "b"]);
  });

  it("counts medians of figures and of the rounds' ratios, and the most memory", async () => {
    const { side, duel } = sides();
    const [row] = await takeTurns([duel("a", side("ours", [4, 6, 100], 10), side("a", [2, 4, 10], 20))], { rounds: 3 });
    expect(row).toMatchObject({ ours: 6, peer: 4, ratio: 2, ratio_min: 1.5, ratio_max: 10, ours_mb: 12, peer_mb: 22 });
  });

  it("finds no difference where a machine grows slower for both", async () => {
    const { side, duel } = sides();
    const [row] = await takeTurns([duel("a", side("ours", [100, 50, 10]), side("a", [100, 50, 10]))], { rounds: 3 });
    expect(row).toMatchObject({ ratio: 1, ratio_min: 1, ratio_max: 1 });
  });

  it("takes a row's own word for what is better", async () => {
    const { side, duel } = sides();
    const gain = (now: number, before: number) => before / now;
    const [row] = await takeTurns([duel("MB", side("ours", [50]), side("a", [100]), { gain })], { rounds: 1 });
    expect(row && ratios(row)).toEqual({ ours: 50, peer: 100, ratio: 2 });
  });

  it("gives a row without a ratio where there is no other side", async () => {
    const { side, duel } = sides();
    const [row] = await takeTurns([duel("alone", side("ours", [7]))], { rounds: 1 });
    expect(row && ratios(row)).toEqual({ ours: 7, peer: null, ratio: null });
  });

  it("runs doubted rows as often once more while they are in doubt, and counts all rounds", async () => {
    const { log, side, duel } = sides();
    const most = 3 * MOST_SERIES;
    const tens = Array.from({ length: most }, () => 10);
    const unlucky = duel("unlucky", side("s", [8, 9, 10, ...tens]), side("t", tens));
    const slow = duel(
      "slow",
      side("x", tens),
      side(
        "y",
        tens.map(() => 12),
      ),
    );
    const fine = duel("fine", side("f", tens), side("g", tens));
    const again = ({ ratio }: Row) => ratio !== null && ratio < 0.95;
    const rows = await takeTurns([unlucky, slow, fine], { rounds: 3, again });
    const runs = (key: string) => log.filter((one) => one === key).length;
    expect([runs("s"), runs("x"), runs("f")]).toEqual([6, most, 3]);
    expect(rows.map(({ ratio }) => ratio)).toEqual([1, 10 / 12, 1]);
    expect(rows[0]).toMatchObject({ ratio_min: 0.8 });
  });

  it("says in the row that the other side does not have it, and asks no more", async () => {
    const { log, side, duel } = sides();
    const run = async () => {
      log.push("refused");
      throw new RefusedError('Expected simclr or mae for method, got "byol"');
    };
    const duels = [duel("byol", side("ours", [3, 3]), { key: "before", run }, { more: () => ({ note: "at 64 px" }) })];
    const [row] = await takeTurns(duels, { rounds: 2, absent: "8ae210b" });
    expect(row).toMatchObject({ ours: 3, peer: null, ratio: null });
    expect(row?.note).toBe('at 64 px; not in 8ae210b: Expected simclr or mae for method, got "byol"');
    expect(log).toEqual(["refused", "ours", "ours"]);
    await expect(takeTurns(duels, { rounds: 1 })).rejects.toThrow("Expected simclr or mae");
  });

  it("fails where today's side refuses, or the other one fails otherwise", async () => {
    const { side, duel } = sides();
    const failing = (error: Error): Side => ({ key: "failing", run: () => Promise.reject(error) });
    const turns = { rounds: 1, absent: "8ae210b" };
    const today = duel("a", failing(new RefusedError("no such flag")), side("b", [1]));
    await expect(takeTurns([today], turns)).rejects.toThrow("no such flag");
    const before = duel("a", side("b", [1]), failing(new Error("out of memory")));
    await expect(takeTurns([before], turns)).rejects.toThrow("out of memory");
  });

  it("refuses a result without the number that counts", async () => {
    const { side, duel } = sides();
    const broken = { key: "peer", run: async () => ({ json: {}, seconds: 1, mb: undefined }) };
    await expect(takeTurns([duel("a", side("ours", [1]), broken)], { rounds: 1 })).rejects.toThrow(
      "Expected a number for speed in a result",
    );
  });
});
