// A list's text as rows of cells: which separator it has is found by its first lines. JSON lines are rows too.
import { existsSync } from "node:fs";
import { dirname, extname, join, resolve } from "node:path";
import { parse } from "csv-parse/sync";
import { z } from "zod";
import { UserError } from "../../base/errors.ts";
import { shellWord } from "../../base/shell.ts";
import { visible } from "../../base/text.ts";
import { IMAGE_EXTENSIONS } from "../walk.ts";
import { partOfWord } from "./splits.ts";

/** A line of a list. */
export interface Row {
  /** From 1. */
  line: number;
  cells: string[];
}

/** A list as it is written. */
export interface Table {
  rows: Row[];
  /** The first row names the columns, whatever it says. */
  isNamed: boolean;
  /** Names of what holds more than a cell can. */
  left?: string[];
  /** What stands between cells, in words; null where that needs no saying. */
  separator: string | null;
}

const Records = z.array(z.object({ record: z.array(z.string()), info: z.object({ lines: z.number() }) }));
/** What may stand between fields, and its name where that needs saying. */
const MARKS: Readonly<Record<string, string | null>> = { ",": null, ";": "semicolons", "|": "vertical bars" };
const LOOKED_AT = 50;
const ENOUGH = 0.9;
// Also what is not read: a name is one all the same.
const OTHER_ENDINGS = "bmp ppm pgm pbm pnm jp2 heic heif jxl tga dcm npy".split(" ");
const ENDINGS = [...IMAGE_EXTENSIONS]
  .map((extension) => extension.slice(1))
  .concat(OTHER_ENDINGS)
  .join("|");
const IMAGE_NAME = new RegExp(`\\.(${ENDINGS})["']?$`, "i");
const IMAGE_THEN_MORE = new RegExp(`^(.*\\.(?:${ENDINGS})["']?)\\s+(\\S.*)$`, "i");

/** Whether a cell ends as an image's name does. */
export function isImageName(cell: string): boolean {
  return IMAGE_NAME.test(cell);
}

/** @throws {UserError} where it cannot be taken apart */
export function readTable(root: string, text: string, folder: string): Table {
  const extension = extname(root).toLowerCase();
  if (extension === ".jsonl" || extension === ".ndjson") return jsonLines(root, text);
  const lines: string[] = [];
  for (const [line] of text.matchAll(/[^\r\n]+/g)) {
    if (line.trim() !== "" && !line.startsWith("#")) lines.push(line);
    if (lines.length === LOOKED_AT) break;
  }
  const share = (test: (line: string) => boolean) => lines.filter(test).length / Math.max(1, lines.length);
  const has = (mark: string) => share((line) => line.replace(/"[^"]*"/g, "").includes(mark));

  // Excel's own way of saying it.
  const [told, mark] = /^\s*sep=(.)[^\S\n]*\r?(?:\n|$)/i.exec(text) ?? [];
  if (told !== undefined) return separated(root, text.slice(told.length), mark!, null);
  if (lines[0]?.includes("\t") || (extension === ".tsv" && has("\t") > 0))
    return separated(root, text, "\t", extension === ".tsv" ? null : "tabs");
  const marks = Object.keys(MARKS).filter((one) => has(one) >= ENOUGH);
  if (marks.length > 0) {
    // Of a decimal comma and a semicolon the one counts beside which images' names stand whole, then the one in the first line.
    const names = (one: string) => share((line) => line.split(one).some((cell) => isImageName(cell.trim())));
    const first = lines[0]!.replace(/"[^"]*"/g, "");
    const rank = (one: string) => 2 * names(one) + Number(first.includes(one));
    const best = marks.reduce((a, b) => (rank(b) > rank(a) ? b : a));
    return separated(root, text, best, MARKS[best]!);
  }
  const spaced = has(",") === 0 && splitAtSpaces(lines, folder);
  if (spaced) return { rows: numbered(text).map(spaced), isNamed: false, separator: "spaces" };
  return separated(root, text, ",", null);
}

function separated(root: string, text: string, delimiter: string, separator: string | null): Table {
  try {
    const options = { delimiter, bom: true, comment: "#", comment_no_infix: true, trim: true, info: true };
    const records = Records.parse(parse(text, { ...options, relax_column_count: true, skip_empty_lines: true }));
    return {
      rows: withoutQuotes(records.map(({ record, info }) => ({ line: info.lines, cells: record }))),
      isNamed: false,
      separator,
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UserError(`Expected a table in ${root} that can be taken apart: ${shown(why)}`);
  }
}

/** Single quotes are letters to a table; around each cell of a column they are quotes. */
function withoutQuotes(rows: Row[]): Row[] {
  const isQuoted = (cell: string | undefined) => cell === undefined || cell === "" || /^'.*'$/.test(cell);
  const first = rows[0]?.cells ?? [];
  const quoted = first.map((cell, at) => cell !== "" && rows.every(({ cells }) => isQuoted(cells[at])));
  if (!quoted.includes(true)) return rows;
  return rows.map((row) => ({ ...row, cells: row.cells.map((cell, at) => (quoted[at] ? cell.slice(1, -1) : cell)) }));
}

/** What stands in a list, short enough for a line and harmless to a terminal. */
export function shown(text: string): string {
  const safe = visible(text);
  return safe.length > 160 ? `${safe.slice(0, 160)}…` : safe;
}

function numbered(text: string): Row[] {
  return text
    .split(/\r\n|\n|\r/)
    .map((content, i) => ({ line: i + 1, cells: [content.trim()] }))
    .filter(({ cells: [content] }) => content !== "" && !content!.startsWith("#"));
}

/**
 * How lines are taken apart at spaces; null where spaces belong to the names. A name may hold some itself: `my cat.jpg 0` has two
 * cells, `cat/my cat.jpg` one.
 */
function splitAtSpaces(lines: readonly string[], folder: string): ((row: Row) => Row) | null {
  const all = lines.map((line) => line.trim());
  // A first line without a name of an image may be a header.
  const isNamed = all.length > 1 && !isImageName(all[0]!) && !IMAGE_THEN_MORE.test(all[0]!);
  const contents = isNamed ? all.slice(1) : all;
  const share = (test: (line: string) => boolean) => contents.filter(test).length / Math.max(1, contents.length);
  const words = (line: string) => line.match(/"[^"]*"|'[^']*'|\S+/g)!.map(unquoted);
  const cut = (take: (line: string) => string[]) => (row: Row) => ({ ...row, cells: take(row.cells[0]!) });

  if (share((line) => IMAGE_THEN_MORE.test(line)) >= ENOUGH)
    return cut((line) => {
      const [, name, more] = IMAGE_THEN_MORE.exec(line) ?? [];
      if (name === undefined) return words(line);
      const [mark, ...rest] = words(more!);
      // a.jpg => cat, a.jpg : cat
      const fields = rest.length > 0 && /^[=:>-]+$/.test(mark!) ? rest : [mark!, ...rest];
      return [unquoted(name), ...(isNamed ? fields : joined(fields))];
    });
  const first = contents.find(isImageName);
  if (first !== undefined) {
    // A number or a class before the name, as in CUB's images.txt, or spaces within names.
    if (share((line) => /^\S+\s+\S/.test(line)) < ENOUGH || existsSync(resolve(folder, first))) return null;
    const heads = new Set(contents.map((line) => /^\S+/.exec(line)![0]));
    const areNumbers = [...heads].every((head) => /^\d+$/.test(head));
    if (!areNumbers && heads.size > contents.length / 2) return null;
    return cut((line) => {
      const [, head, name] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
      return name === undefined ? [line] : [unquoted(head!), unquoted(name)];
    });
  }
  // Names without an extension: only where what follows is a class's number or a known word in each line alike.
  const counts = new Set(contents.map((line) => words(line).length));
  const isUniform = counts.size === 1 && !counts.has(1);
  const endsInNumber = share((line) => /\s-?\d+$/.test(line)) >= ENOUGH;
  return isUniform && endsInNumber ? cut(words) : null;
}

/** A class of several words, perhaps with a split behind it; several numbers stay several. */
function joined(fields: readonly string[]): string[] {
  const isSplit =
    fields.length > 1 && fields.some((field) => partOfWord(field) === null) && partOfWord(fields.at(-1)!) !== null;
  const label = isSplit ? fields.slice(0, -1) : fields;
  const isFirst = partOfWord(label[0]!) !== null;
  if (label.length < 2 || isFirst || label.every((field) => /^[-+\d.]+$/.test(field))) return [...fields];
  return [label.join(" "), ...(isSplit ? [fields.at(-1)!] : [])];
}

function unquoted(cell: string): string {
  return cell.replace(/^(["'])(.*)\1$/, "$2");
}

/**
 * An object a line; its keys are columns, those of an object within it by both names (`image.path`). Several labels are one cell, as a
 * table would have them; what holds objects is left out.
 */
function jsonLines(root: string, text: string): Table {
  const names: string[] = [];
  const places = new Map<string, number>();
  const left = new Set<string>();
  const rows = numbered(text).map(({ line, cells: [content] }): Row => {
    const cells: string[] = [];
    const put = (key: string, cell: string) => {
      if (!places.has(key)) places.set(key, names.push(key) - 1);
      cells[places.get(key)!] = cell.trim();
    };
    const isPlain = (cell: unknown) => ["string", "number", "boolean"].includes(typeof cell);
    const visit = (key: string, cell: unknown, depth: number) => {
      if (isPlain(cell)) put(key, String(cell));
      else if (Array.isArray(cell) && cell.every(isPlain)) put(key, cell.join("|"));
      else if (typeof cell === "object" && cell !== null && !Array.isArray(cell) && depth === 0)
        for (const [name, one] of Object.entries(cell)) visit(`${key}.${name}`, one, 1);
      else if (cell !== null) left.add(key);
    };
    for (const [key, cell] of Object.entries(parsed(root, line, content!))) visit(key, cell, 0);
    return { line, cells: Array.from(cells, (cell) => cell ?? "") };
  });
  return { rows: [{ line: 1, cells: names }, ...rows], isNamed: true, separator: null, left: [...left] };
}

function parsed(root: string, line: number, content: string): object {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    throw new UserError(
      `Expected JSON in line ${line} of ${root}: ${shown(error instanceof Error ? error.message : String(error))}`,
    );
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  const mend = Array.isArray(value)
    ? `; an array becomes lines by: jq -c '.[]' ${shellWord(root)} > ${shellWord(join(dirname(root), "lines.jsonl"))}`
    : "";
  throw new UserError(
    `Expected an object with a path in line ${line} of ${root}, got ${shown(content.slice(0, 40))}${mend}`,
  );
}
