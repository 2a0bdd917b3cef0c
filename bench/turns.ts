// Sides of a comparison that take turns, so that a machine that grows slower does so for all of them.
import { numberIn, type Outcome } from "./child.ts";
import { type Row, row } from "./row.ts";
import { median } from "./stats.ts";

/** One program to run; rows that name the same key share its runs. */
export interface Side {
  key: string;
  run(): Promise<Outcome>;
}

export interface Duel {
  name: string;
  unit: string;
  /** The number in either side's result that counts. */
  figure: string;
  ours: Side;
  peer: Side;
  /** What else the row says, knowing our figure. */
  more?: (figure: number) => Partial<Row>;
}

/** Runs every side once a round, each round in the same order, and returns a row a duel: medians over rounds, memory at its most. */
export async function takeTurns(duels: readonly Duel[], rounds: number): Promise<Row[]> {
  const sides = new Map(duels.flatMap(({ ours, peer }) => [peer, ours].map((side) => [side.key, side] as const)));
  const found = new Map<string, Outcome[]>([...sides.keys()].map((key) => [key, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [key, side] of sides) found.get(key)!.push(await side.run());
  }
  return duels.map(({ name, unit, figure, ours, peer, more }) => {
    const [mine, theirs] = [found.get(ours.key)!, found.get(peer.key)!];
    const speed = median(mine.map((one) => numberIn(one, figure)));
    const memory = { ours_mb: most(mine), peer_mb: most(theirs) };
    return row(name, unit, speed, median(theirs.map((one) => numberIn(one, figure))), { ...memory, ...more?.(speed) });
  });
}

function most(outcomes: readonly Outcome[]): number | undefined {
  const known = outcomes.flatMap(({ mb }) => mb ?? []);
  return known.length > 0 ? Math.max(...known) : undefined;
}
