// Many runs in one order: who is before whom by the protocol that says most, and who cannot be told apart.
import type { ScoredProtocol } from "../run/read/evaluation-schema.ts";
import { incomparable } from "./caveats.ts";
import { type Group, intervalOf, leadOf, mainProtocol, type Scored, scoredBy } from "./groups.ts";
import { type Interval, sign } from "./intervals.ts";

/** A group of runs in the order of scores. */
export interface Place {
  /** Its place in `groups`. */
  group: number;
  /** Mean over seeds, in [0, 1]. */
  top1: number;
  /** 95 % interval over test images of a single run; of several seeds the mean less and plus their standard deviation. */
  interval: Interval;
  /** 95 % interval of the first one's lead over it; null for the first. */
  behind: Interval | null;
  /** Places, from 1, that it cannot be told apart from: intervals of the difference hold zero. */
  like: number[];
}

/** All groups that have a score, best first. */
export interface Ranking {
  /** By which protocol. */
  protocol: ScoredProtocol;
  /** First to last. */
  places: Place[];
}

/** With fewer the sentences on the first screen say it all. */
const FEWEST = 3;
/** Each is set against each: with more, against the first alone. */
const MOST_PAIRS = 24;

/** Null where there are too few, or their scores do not measure the same. */
export function rankingOf(groups: readonly Group[]): Ranking | null {
  const protocol = mainProtocol(groups);
  if (!protocol) return null;
  const scored = scoredBy(groups, protocol);
  const [first] = scored;
  if (!first || scored.length < FEWEST || incomparable(scored)) return null;
  const pairwise = scored.length <= MOST_PAIRS;
  const alike = scored.map((one, i) =>
    scored.map((other, j) => j > i && (i === 0 || pairwise) && sign(leadOf(one, other)) === 0),
  );
  const places = scored.map((one, i): Place => {
    const like = scored.flatMap((_, j) => (alike[Math.min(i, j)]?.[Math.max(i, j)] ? [j + 1] : []));
    return {
      group: groups.indexOf(one.group),
      top1: one.top1,
      interval: shownInterval(one),
      behind: i === 0 ? null : leadOf(first, one),
      like,
    };
  });
  return { protocol, places };
}

function shownInterval({ evaluation, images, seeds, top1, std }: Scored): Interval {
  if (seeds === 1) return intervalOf(evaluation, images);
  return [Math.max(0, top1 - (std ?? 0)), Math.min(1, top1 + (std ?? 0))];
}
