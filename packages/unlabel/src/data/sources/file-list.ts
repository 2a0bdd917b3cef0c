// A list of files: path[,label[,split]] a line, paths relative to the list's own folder; with a header line in any order.
import { readFileSync, statSync } from "node:fs";
import { dirname, extname, resolve } from "node:path";
import { parse } from "csv-parse/sync";
import { z } from "zod";
import { UserError } from "../../base/errors.ts";
import type { Dataset } from "../folder.ts";
import { assemble, type Part, type Sample } from "./dataset.ts";

const MOST_BYTES = 500e6;
const COLUMNS = ["path", "label", "split"];
const Rows = z.array(z.object({ record: z.array(z.string()), info: z.object({ lines: z.number() }) }));
const PARTS: Record<string, Part> = {
  train: "train",
  training: "train",
  val: "val",
  valid: "val",
  validation: "val",
  test: "test",
};

/** @throws {UserError} naming the line that is not as it should be */
export function openFileList(root: string): Dataset {
  const { size } = statSync(root);
  if (size > MOST_BYTES) throw new UserError(`Expected a list of files in ${root}, got ${size} bytes; split it`);
  const rows = readRows(root);
  const head = rows[0]?.record.map((cell) => cell.toLowerCase());
  const hasHeader = head?.includes("path") ?? false;
  const columns = hasHeader ? head! : COLUMNS;
  if (new Set(columns).size !== columns.length || columns.some((name) => !COLUMNS.includes(name)))
    throw new UserError(`Expected the columns ${COLUMNS.join(", ")} in line 1 of ${root}, got ${columns.join(", ")}`);

  const folder = dirname(resolve(root));
  const samples = rows.slice(Number(hasHeader)).map(({ record, info: { lines } }): Sample => {
    const refuse = (what: string) => new UserError(`Expected ${what} in line ${lines} of ${root}`);
    if (record.length > columns.length)
      throw refuse(
        `${columns.join(", ")}, but there are ${record.length} fields; put paths with the separator in quotes`,
      );
    const cell = (name: string) => record[columns.indexOf(name)] ?? "";
    const path = cell("path");
    if (path === "" || path.includes("\0")) throw refuse("the path of an image, but there is none");
    if (/^https?:/i.test(path)) throw refuse(`a file, got the address ${path}; fetch it first`);
    const split = cell("split").toLowerCase();
    const part = split === "" ? null : PARTS[split];
    if (part === undefined) throw refuse(`train, val or test as split, got ${split}`);
    return { path, label: cell("label") || null, part, size: sizeOf(resolve(folder, path)) };
  });
  return assemble({
    root,
    layout: "file-list",
    samples,
    load: async (items) => items.map(({ path }) => resolve(folder, path)),
  });
}

function readRows(root: string) {
  const content = readFileSync(root, "utf8");
  const delimiter = extname(root).toLowerCase() === ".tsv" || /^[^\n]*\t/.test(content) ? "\t" : ",";
  try {
    const options = { delimiter, bom: true, comment: "#", comment_no_infix: true, trim: true, info: true };
    return Rows.parse(parse(content, { ...options, relax_column_count: true, skip_empty_lines: true }));
  } catch (error) {
    throw new UserError(`Expected a list of files in ${root}: ${error instanceof Error ? error.message : error}`);
  }
}

/** In bytes; −1 where nothing is there or can be, which the reader will say. */
function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return -1;
  }
}
