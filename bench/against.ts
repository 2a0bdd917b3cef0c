// Today's code beside another commit's: how often the two take turns, and what is said of the rows.
import type { BuiltCommit } from "../scripts/commit.ts";
import type { Row, Sides } from "./row.ts";
import type { Turns } from "./turns.ts";

/** Below this ratio a row counts as slower. */
export const LEAST = 0.97;

/** Heads of the table. */
export const BESIDE_COMMIT: Sides = { ours: "today", peer: "before", spread: true };

export const shortHash = ({ hash }: BuiltCommit) => hash.slice(0, 10);

/** Turns with another commit; rows that look slower get as many rounds again, several times over, unless it is quick. */
export function beside(before: BuiltCommit, rounds: number, quick: boolean): Turns {
  return { rounds, absent: shortHash(before), again: quick ? undefined : isSlower };
}

/** Whether a row has a ratio, and it is not at least {@link LEAST}. */
export function isSlower({ ratio }: Row): boolean {
  return ratio !== null && !(ratio >= LEAST);
}

export interface Verdict {
  /** One line. */
  text: string;
  /** Whether something could be compared and nothing is slower. */
  ok: boolean;
}

/** What rows say of today's code. @param commit what the other side is called */
export function verdictOf(rows: readonly Row[], commit: string): Verdict {
  const compared = rows.filter(({ ratio }) => ratio !== null);
  const left = rows.length - compared.length;
  const rest = left > 0 ? `; ${left} without a ratio` : "";
  if (compared.length === 0) return { text: `nothing to compare: no row is in ${commit}, too`, ok: false };
  const slow = compared.filter(isSlower);
  const listed = slow.map(({ name, ratio }) => `${name} (${ratio?.toFixed(3)} ×)`).join(", ");
  return slow.length === 0
    ? { text: `none of ${compared.length} rows is below ${LEAST} of ${commit}${rest}`, ok: true }
    : { text: `${slow.length} of ${compared.length} rows below ${LEAST} of ${commit}: ${listed}${rest}`, ok: false };
}
