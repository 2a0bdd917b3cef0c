// labels.csv: what people said of images, a row each in the order in which they said it. Written whole at every key press; read again
// to go on, and read by evaluation as labels of any source.
import { readFileSync } from "node:fs";
import { parse } from "csv-parse/sync";
import { UserError } from "../base/errors.ts";
import { visible } from "../base/text.ts";

/** How an image was chosen: from all at random, or for coverage. */
export type Draw = "uniform" | "coverage";

/** As the file has it: `both` was chosen for coverage, and its turn in the random order has come since. */
export type SavedDraw = Draw | "both";

/** Whether a cell says how an image was chosen. */
export function isSavedDraw(cell: string): cell is SavedDraw {
  return cell === "uniform" || cell === "coverage" || cell === "both";
}

/** A row. */
export interface LabelRow {
  /** What the image goes by; see `nameOf`. */
  path: string;
  /** The class's name; null where the image was skipped. */
  label: string | null;
  draw: SavedDraw;
}

const HEAD = ["path", "label", "draw", "order"] as const;

/** The file's text. */
export function labelsText(rows: readonly LabelRow[]): string {
  const lines = rows.map(({ path, label, draw }, i) => [path, label ?? "", draw, String(i + 1)]);
  return [HEAD, ...lines].map((cells) => `${cells.map(cell).join(",")}\n`).join("");
}

/** Quoted where the text alone would be read as something else. */
function cell(text: string): string {
  return /[",\r\n\t;|#']|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Whether a text begins as {@link labelsText} has it. */
export function isLabelsText(text: string): boolean {
  return /^\uFEFF?path,label,draw,order\r?(\n|$)/.test(text);
}

/**
 * Reads what {@link labelsText} wrote.
 *
 * @param file for the errors' text
 * @param goesOn whether rows have to be as a session left them, in its order and each image once; else somebody may have sorted them
 * @throws {UserError} naming the line that is not as it should be
 */
export function readLabelRows(file: string, text: string, goesOn = true): (LabelRow & { line: number })[] {
  const refuse = (line: number, what: string, found: string) =>
    new UserError(
      `Expected ${what} in line ${line} of ${file}, got ${visible(found)}; mend the row, or name another file`,
    );
  if (!isLabelsText(text))
    throw refuse(
      1,
      `the columns ${HEAD.join(", ")} as unlabel label writes them`,
      text.split(/\r?\n/, 1)[0]!.slice(0, 80) || "nothing",
    );
  const records = parsed(file, text).slice(1);
  const lines = new Map<string, number>();
  return records.map(({ record, info }, i) => {
    const [path = "", label = "", draw = "", order = ""] = record;
    const { lines: line } = info;
    if (record.length !== HEAD.length) throw refuse(line, `${HEAD.length} cells`, String(record.length));
    if (path === "") throw refuse(line, "the path of an image", "none");
    if (!isSavedDraw(draw)) throw refuse(line, "uniform, coverage or both as draw", draw || "nothing");
    if (goesOn && order !== String(i + 1)) throw refuse(line, `${i + 1} as order`, order || "nothing");
    const before = lines.get(path);
    if (goesOn && before !== undefined) throw refuse(line, "each image once", `${path} again, after line ${before}`);
    lines.set(path, line);
    return { path, label: label === "" ? null : label, draw, line };
  });
}

function parsed(file: string, text: string): { record: string[]; info: { lines: number } }[] {
  try {
    return parse(text, { bom: true, info: true, relax_column_count: true, skip_empty_lines: true }) as never;
  } catch (error) {
    throw new UserError(
      `Expected labels in ${file}: ${visible(error instanceof Error ? error.message : String(error))}`,
    );
  }
}

/** The rows of a file; none where there is no file. */
export function loadLabelRows(file: string): LabelRow[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
  return text === "" ? [] : readLabelRows(file, text).map(({ line: _, ...row }) => row);
}
