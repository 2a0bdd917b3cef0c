// JSON of a run's file, which may come from a stranger: whatever can be read can also be sent on.
import { UserError } from "../../base/errors.ts";

/** Lists within lists, at most: ours have five, and a program that writes JSON runs out of stack at some thousands. */
const DEEPEST = 64;

/** What a text says. @param where it is from, for people @throws {UserError} where it is no JSON, or nested without end */
export function jsonOf(text: string, where: string): unknown {
  if (isDeeper(text, DEEPEST))
    throw new UserError(`Expected at most ${DEEPEST} levels of JSON in ${where}, got more; it is not read`);
  try {
    return JSON.parse(text);
  } catch {
    throw new UserError(`Expected JSON in ${where}, got something else; it is damaged`);
  }
}

function isDeeper(text: string, most: number): boolean {
  let depth = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (isQuoted) {
      if (char === "\\") at++;
      else if (char === '"') isQuoted = false;
    } else if (char === '"') isQuoted = true;
    else if (char === "[" || char === "{") {
      if (++depth > most) return true;
    } else if (char === "]" || char === "}") depth--;
  }
  return false;
}

/** A text that stands in a line of a table: of one that goes on and on, its beginning. */
export function inShort(text: string, most = 500): string {
  return text.length <= most ? text : `${text.slice(0, most)}…`;
}
