// Slurm's short form of names of machines, as in SLURM_JOB_NODELIST: `node[01-03,07],rack[1-2]n[1-4],login`.
import { UserError } from "./errors.ts";

/** More machines than any cluster has; a list that asks for more is a mistake. */
const MOST = 100_000;

/**
 * The names that a list stands for, in its order.
 *
 * @throws {UserError} for brackets that do not match, a range that is none, or more than 100,000 names
 */
export function expandNodes(list: string): string[] {
  const names = partsOf(list).flatMap((part) => expand(part, list));
  if (names.length === 0) throw wrong(list, "no name");
  return names;
}

/** Cut at the commas outside brackets. */
function partsOf(list: string): string[] {
  const parts: string[] = [];
  let [depth, from] = [0, 0];
  for (let at = 0; at <= list.length; at++) {
    const letter = list[at];
    if (letter === "[") depth++;
    if (letter === "]") depth--;
    if (depth < 0 || depth > 1) throw wrong(list, "brackets that do not match");
    if ((letter === "," && depth === 0) || at === list.length) {
      parts.push(list.slice(from, at).trim());
      from = at + 1;
    }
  }
  if (depth !== 0) throw wrong(list, "brackets that do not match");
  return parts.filter((part) => part !== "");
}

/** Every bracket multiplies what stands before it by what stands in it. */
function expand(part: string, list: string): string[] {
  let names = [""];
  for (const piece of part.split(/(\[[^\]]*\])/)) {
    const endings = piece.startsWith("[") ? numbersOf(piece.slice(1, -1), list) : [piece];
    if (names.length * endings.length > MOST) throw wrong(list, `more than ${MOST} names`);
    names = names.flatMap((name) => endings.map((ending) => name + ending));
  }
  return names;
}

/** `01-03,07` as 01, 02, 03, 07: as many digits as the first number of a range has. */
function numbersOf(text: string, list: string): string[] {
  return text.split(",").flatMap((range) => {
    const [, from, to = from] = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(range) ?? [];
    if (from === undefined || to === undefined || Number(to) < Number(from)) throw wrong(list, `the range "${range}"`);
    const count = Number(to) - Number(from) + 1;
    if (count > MOST) throw wrong(list, `more than ${MOST} names`);
    return Array.from({ length: count }, (_, i) => String(Number(from) + i).padStart(from.length, "0"));
  });
}

function wrong(list: string, got: string): UserError {
  const text = list.length > 60 ? `${list.slice(0, 60)}…` : list;
  return new UserError(`Expected names of machines as in node[01-03,07], got ${got} in ${JSON.stringify(text)}`);
}
