// Sides of a comparison that take turns, so that a machine that grows slower does so for all of them.
import { numberIn, type Outcome, RefusedError } from "./child.ts";
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
  /** Absent where there is nothing to compare with. */
  peer?: Side;
  /** How many times better ours is; `ours / peer` where not given. */
  gain?: (ours: number, peer: number) => number;
  /** What else the row says, knowing our figure. */
  more?: (figure: number) => Partial<Row>;
}

export interface Turns {
  /** How often each side runs. */
  rounds: number;
  /**
   * Rows that run as often once more, up to {@link MOST_SERIES} times in all as long as they are still such, and count all rounds:
   * what a few runs say wrongly, more of them say less often. Two equal programs differed by 15 % in three rounds on a shared machine, and their
   * ratio from round to round by a tenth: its median is known to some two per cent after 24 rounds.
   */
  again?: (row: Row) => boolean;
  /** What the peer is called where it refuses what a row asks for, such as a method that it does not have: then the row says so. */
  absent?: string;
}

/** How often a doubted row runs its rounds at most. */
export const MOST_SERIES = 8;

/** What a side answered, round by round, or the words in which it refused. */
type Answers = Outcome[] | RefusedError;

/** Runs every side once a round, every second round in reverse order (A B B A), and returns a row a duel. */
export async function takeTurns(duels: readonly Duel[], { rounds, again, absent }: Turns): Promise<Row[]> {
  const found = new Map<string, Answers>();
  await play(duels, rounds, found, absent !== undefined);
  const rows = () => duels.map((duel) => rowOf(duel, found, absent));
  for (let series = 1; again && series < MOST_SERIES; series++) {
    const seen = rows();
    const doubted = duels.filter((_, i) => again(seen[i]!));
    if (doubted.length === 0) break;
    await play(doubted, rounds, found, false);
  }
  return rows();
}

async function play(
  duels: readonly Duel[],
  rounds: number,
  found: Map<string, Answers>,
  mayRefuse: boolean,
): Promise<void> {
  const both = duels.flatMap(({ ours, peer }) => (peer ? [peer, ours] : [ours]));
  const sides = [...new Map(both.map((side) => [side.key, side])).values()];
  const peers = new Set(duels.map(({ peer }) => peer?.key));
  for (let round = 0; round < rounds; round++) {
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      const answers = found.get(side.key) ?? [];
      found.set(side.key, answers);
      if (answers instanceof RefusedError) continue;
      try {
        answers.push(await side.run());
      } catch (error) {
        if (!(error instanceof RefusedError && mayRefuse && peers.has(side.key))) throw error;
        found.set(side.key, error);
      }
    }
  }
}

/** Figures are medians over rounds, the ratio the median of the rounds' own ratios; memory is what a side held at most. */
function rowOf({ name, unit, figure, ours, peer, ...duel }: Duel, found: Map<string, Answers>, absent?: string): Row {
  const answersOf = (side: Side | undefined) => (side && found.get(side.key)) ?? [];
  const [mine, theirs] = [answersOf(ours), answersOf(peer)];
  if (mine instanceof RefusedError) throw mine;
  const speeds = mine.map((one) => numberIn(one, figure));
  const speed = median(speeds);
  const more = { ours_mb: most(mine), ...duel.more?.(speed) };
  if (theirs instanceof RefusedError) {
    const note = [more.note, `not in ${absent}: ${theirs.message}`].filter(Boolean).join("; ");
    return row(name, unit, speed, null, { ...more, note });
  }
  if (theirs.length === 0) return row(name, unit, speed, null, more);
  const others = theirs.map((one) => numberIn(one, figure));
  const gain = duel.gain ?? ((a, b) => a / b);
  // Sides that other rows share may have run more often.
  const ratios = speeds.slice(0, others.length).map((one, round) => gain(one, others[round]!));
  return row(name, unit, speed, median(others), {
    ...more,
    peer_mb: most(theirs),
    ratio: median(ratios),
    ratio_min: Math.min(...ratios),
    ratio_max: Math.max(...ratios),
  });
}

function most(outcomes: readonly Outcome[]): number | undefined {
  const known = outcomes.flatMap(({ mb }) => mb ?? []);
  return known.length > 0 ? Math.max(...known) : undefined;
}
