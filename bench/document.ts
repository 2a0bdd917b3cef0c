// Puts a bench's table into docs/benchmarks.md, between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`; the rest stays.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../packages/unlabel/src/errors.ts";
import { writeAtomically } from "../packages/unlabel/src/files.ts";
import { type Machine, machineLines } from "./machine.ts";
import { markdownTable, type Row } from "./row.ts";

const DOCUMENT = join(import.meta.dirname, "..", "docs", "benchmarks.md");

/** Refuses before anything is measured. @throws {UserError} where the document has no such section */
export function checkSection(name: string): void {
  replaceSection(readFileSync(DOCUMENT, "utf8"), name, "");
}

/** @throws {UserError} where the document has no such section */
export function writeSection(name: string, rows: readonly Row[], machine: Machine, command: string): void {
  const day = new Date().toISOString().slice(0, 10);
  const facts = machineLines(machine).join("  \n");
  const content = `${markdownTable(rows)}\n\nMeasured ${day} by \`${command}\`:  \n${facts}`;
  writeAtomically(DOCUMENT, replaceSection(readFileSync(DOCUMENT, "utf8"), name, content));
}

/** `text` with `content` between the markers of section `name`. */
export function replaceSection(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) {
    throw new UserError(`Expected the lines ${begin} and ${end} in docs/benchmarks.md, found them not; add them`);
  }
  return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`;
}
