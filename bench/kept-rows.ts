// Rows that take hours to measure are kept as data, one JSON object a line, in files that are committed: a bench goes on where it
// stopped, beside other work and on other days, and prints its table again in a second.
import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../packages/unlabel/src/base/errors.ts";

/** The file of a bench's kept rows. */
export function rowsFile(bench: string): string {
  return join(import.meta.dirname, "rows", `${bench}.jsonl`);
}

/**
 * All rows of a file, first to last; none where there is no file.
 *
 * @throws {UserError} for a line that is no JSON object, with its number
 */
export function readKept<T extends object>(file: string): T[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.flatMap((line, index) => {
    if (line.trim() === "") return [];
    try {
      const row: unknown = JSON.parse(line);
      if (typeof row === "object" && row !== null) return [row as T];
    } catch {
      // Said below.
    }
    throw new UserError(`Expected a JSON object in line ${index + 1} of ${file}, got ${line.slice(0, 40)}`);
  });
}

/** Adds one row, at once, so that what was measured before an interruption is not lost. */
export function keepRow(file: string, row: object): void {
  mkdirSync(dirname(file), { recursive: true });
  appendFileSync(file, `${JSON.stringify(row)}\n`);
}
