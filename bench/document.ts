// Puts a bench's table into docs/benchmarks.md, between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`; the rest stays.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../packages/unlabel/src/base/errors.ts";
import { writeAtomically } from "../packages/unlabel/src/base/files.ts";
import { type Machine, machineLines } from "./machine.ts";
import { markdownTable, type Row, type Sides } from "./row.ts";

const DOCUMENT = join(import.meta.dirname, "..", "docs", "benchmarks.md");

/** Refuses before anything is measured. @throws {UserError} where the document has no such section */
export function checkSection(name: string): void {
  replaceSection(readFileSync(DOCUMENT, "utf8"), name, "");
}

/**
 * Puts rows into a section.
 *
 * @param part whether they are some of its rows only: then the others stay, each part with the words of when and where it was measured
 * @throws {UserError} where the document has no such section
 */
export function writeSection(
  name: string,
  rows: readonly Row[],
  machine: Machine,
  command: string,
  part: boolean,
  sides?: Sides,
): void {
  const day = new Date().toISOString().slice(0, 10);
  const measured = `Measured ${day} by \`${command}\`:  \n${machineLines(machine).join("  \n")}`;
  const text = readFileSync(DOCUMENT, "utf8");
  const content = `${markdownTable(rows, sides)}\n\n${measured}`;
  const whole = part ? mergeSection(sectionOf(text, name), content) : content;
  writeAtomically(DOCUMENT, replaceSection(text, name, whole));
}

/** Whether all of a section was measured beside that commit. */
export function speaksOfCommit(name: string, hash: string): boolean {
  return allBeside(sectionOf(readFileSync(DOCUMENT, "utf8"), name), hash);
}

/** Whether each command of a section names a commit. */
export function allBeside(section: string, hash: string): boolean {
  const commands = [...section.matchAll(/^Measured .* by `(.*)`:/gm)].map(([, command]) => command!);
  return commands.length > 0 && commands.every((command) => command.includes(`--against ${hash}`));
}

/** Where both tables have a row, the one of `after` holds; columns are those of either. What was measured when stays below for as long as a row of it does. */
export function mergeSection(before: string, after: string): string {
  const [old, now] = [readTable(before), readTable(after)];
  const names = [...new Set([...old.rows.keys(), ...now.rows.keys()])];
  const heads = now.heads.filter((head) => !old.heads.includes(head));
  // A new column comes before the notes, which are last where there are any.
  const noted = old.heads.at(-1) === "note" ? old.heads.length - 1 : old.heads.length;
  const all = [...old.heads.slice(0, noted), ...heads.filter((head) => head !== "note")];
  if ([...old.heads, ...now.heads].includes("note")) all.push("note");
  const lines = [
    all,
    all.map((head, i) => (i === 0 || head === "note" ? "---" : "---:")),
    ...names.map((name) => {
      const cells = now.rows.get(name) ?? old.rows.get(name);
      return all.map((head) => cells?.get(head) ?? (head === "note" ? "" : "–"));
    }),
  ];
  const kept = old.below.filter((one) => !now.below.some((other) => commandOf(other) === commandOf(one)));
  const below = [...kept, ...now.below];
  const latest = new Set(names.map((name) => below.findLast((one) => speaksOf(one, name))));
  const live = below.filter((one) => latest.has(one));
  const table = lines.map((cells) => `| ${cells.map((cell) => cell.trim()).join(" | ")} |`).join("\n");
  return [table, ...live].join("\n\n");
}

/** A Markdown table's rows by their first cell, each a cell a column, and the paragraphs below it. */
function readTable(text: string): { heads: string[]; rows: Map<string, Map<string, string>>; below: string[] } {
  const [table = "", ...below] = text.trim().split("\n\n");
  const [head = [], , ...body] = table.split("\n").map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  // Two columns have no head: names, and units.
  const heads = head.map((cell, i) => cell || (i === 0 ? "" : " "));
  const rows = new Map(body.map((cells) => [cells[0] ?? "", new Map(heads.map((one, i) => [one, cells[i] ?? ""]))]));
  return { heads, rows, below };
}

function commandOf(paragraph: string): string {
  return /`([^`]+)`/.exec(paragraph)?.[1] ?? paragraph;
}

/** Whether a command measured the row of a name: any, or those that its `--rows` holds. */
function speaksOf(paragraph: string, name: string): boolean {
  const rows = /--rows '([^']*)'/.exec(commandOf(paragraph))?.[1];
  return rows === undefined || new RegExp(rows).test(name);
}

/** What stands between the markers of section `name`. */
export function sectionOf(text: string, name: string): string {
  const [begin, end] = markers(text, name);
  return text.slice(begin, end).trim();
}

/** `text` with `content` between the markers of section `name`. */
export function replaceSection(text: string, name: string, content: string): string {
  const [begin, end] = markers(text, name);
  return `${text.slice(0, begin)}\n\n${content}\n\n${text.slice(end)}`;
}

/** Where a section's content begins and ends. */
function markers(text: string, name: string): [number, number] {
  const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) {
    throw new UserError(`Expected the lines ${begin} and ${end} in docs/benchmarks.md, found them not; add them`);
  }
  return [from + begin.length, to];
}
