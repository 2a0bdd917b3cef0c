// Labels from a file of their own, for images of any source: those that `unlabel label` writes, or any table of names and classes. They
// stand in place of whatever labels the source has; images without one are left aside and counted.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, relative, resolve, sep } from "node:path";
import { UserError } from "../base/errors.ts";
import { codeOf } from "../base/files.ts";
import { counted, visible } from "../base/text.ts";
import type { Dataset, Item, LeftAside, Split } from "./folder.ts";
import { type Draw, isLabelsText, isSavedDraw, readLabelRows } from "./labels-file.ts";
import { nameOf } from "./names.ts";
import { namesLabels, readColumns } from "./sources/list-columns.ts";
import { readTable, type Table } from "./sources/list-table.ts";
import { decodeText, otherContent } from "./sources/list-text.ts";

/** What a row says, whatever wrote it. */
interface Said {
  line: number;
  path: string;
  label: string | null;
  /** How the image was chosen; absent where the file does not say. */
  draw?: Draw;
}

/**
 * A data set with the labels of a file alone, and of its images those that have one.
 *
 * @throws {UserError} where the file cannot be read, names none of the images, says two things of one, or has fewer than two classes
 */
export function labelledBy(data: Dataset, file: string): Dataset {
  const { said, readings } = read(file);
  const rows = said.filter((row): row is Said & { label: string } => row.label !== null);
  if (rows.length === 0)
    throw new UserError(
      `Expected labels in ${file}, got ${said.length === 0 ? "no rows" : `${counted(said.length, "row")} without one`}; label some images first`,
    );
  const splits = [data.train, ...(data.val ? [data.val] : [])];
  const all = splits.flatMap(({ items }) => items.map(nameOf));
  const names = new Map(all.map((name) => [name, name]));
  // Letters with marks may be written in another way.
  for (const name of all) if (!names.has(name.normalize())) names.set(name.normalize(), name);
  const labels = new Map<string, Said & { label: string }>();
  const missing: Said[] = [];
  let again = 0;
  for (const row of rows) {
    const place = placesOf(row.path, file, data.root).find((one) => names.has(one));
    const name = place && names.get(place);
    if (name === undefined) {
      missing.push(row);
      continue;
    }
    const before = labels.get(name);
    if (before && before.label !== row.label)
      throw new UserError(
        visible(
          `Expected one label for ${name} in ${file}, got ${before.label} in line ${before.line} and ${row.label} in line ${row.line}; remove one of the rows`,
        ),
      );
    if (before) again++;
    else labels.set(name, row);
  }
  if (labels.size === 0)
    throw new UserError(
      visible(
        `Expected names of images in ${data.root} in ${file}, got ${missing[0]!.path} and no other that is there; they are relative to DATA, such as ${all[0]}`,
      ),
    );
  const ids = [...new Set([...labels.values()].map(({ label }) => label))].sort();
  if (ids.length < 2)
    throw new UserError(
      visible(`Expected two classes or more in ${file}, got ${ids[0]} alone; label images of another class, too`),
    );
  const known = new Map(data.classes.map(({ id, name }) => [id, name]));
  const place = new Map(ids.map((id, at) => [id, at]));
  const given = (split: Split): Split => ({
    ...split,
    items: split.items.flatMap((item): Item[] => {
      const row = labels.get(nameOf(item));
      return row ? [{ ...item, label: place.get(row.label)!, ...(row.draw && { draw: row.draw }) }] : [];
    }),
  });
  const { train, val, pooled } = together(given(data.train), data.val && given(data.val));
  const used = train.items.length + (val?.items.length ?? 0);
  const skipped = said.length - rows.length;
  const leftAside: LeftAside[] =
    missing.length > 0
      ? [
          {
            what: "named among the labels, but not among the images",
            count: missing.length,
            example: missing[0]!.path,
            hint: `line ${missing[0]!.line} of ${file}`,
          },
        ]
      : [];
  return {
    ...data,
    labelsFile: file,
    train,
    val,
    classes: ids.map((id) => ({ id, name: known.get(id) ?? id })),
    leftAside: [...(data.leftAside ?? []), ...leftAside],
    readings: [
      ...(data.readings ?? []),
      `labels are those of ${file}: ${counted(used, "image")} of ${all.length} ${used === 1 ? "has" : "have"} one, the other ${all.length - used} are left aside${skipped > 0 ? ` (${skipped} of them skipped)` : ""}`,
      ...readings,
      ...(again > 0 ? [`${counted(again, "row")} ${again === 1 ? "says" : "say"} again what an earlier row says`] : []),
      ...(pooled ? [pooled] : []),
      ...drawnWords([...train.items, ...(val?.items ?? [])]),
    ],
    fingerprint: fingerprintOf(data, labels),
  };
}

function read(file: string): { said: Said[]; readings: string[] } {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const why =
      codeOf(error) === "ENOENT"
        ? "which does not exist"
        : codeOf(error) === "EISDIR"
          ? "which is a folder"
          : `which cannot be read (${codeOf(error)})`;
    throw new UserError(`Expected a file of labels, got ${file}, ${why}; unlabel label writes one`);
  }
  const other = otherContent(bytes, file);
  if (other !== null) throw new UserError(`Expected a file of labels in ${file}, got ${other}`);
  const { text } = decodeText(bytes);
  if (isLabelsText(text)) {
    const said = readLabelRows(file, text, false).map(({ draw, ...row }) => ({ ...row, draw: drawOf(draw) }));
    return { said, readings: [] };
  }
  const { table, draws } = takeDraws(readTable(file, text, dirname(resolve(file))));
  const { entries, readings } = readColumns(file, table);
  if (entries.length > 0 && entries.every(({ label }) => label === null)) {
    const isNamed = namesLabels(table.rows[0]?.cells ?? []);
    throw new UserError(
      isNamed
        ? `Expected labels in ${file}, got ${counted(entries.length, "row")} without one; label some images first`
        : `Expected a column label in ${file}, found none; name the columns in the first line: path,label`,
    );
  }
  const said = entries.map(({ line, path, label }): Said => {
    return { line, path, label, ...(draws && { draw: draws.get(line) ?? "coverage" }) };
  });
  return { said, readings };
}

const drawOf = (cell: string): Draw => (cell === "uniform" || cell === "both" ? "uniform" : "coverage");

/** A table that unlabel label wrote and another program has saved since, by line how each image was chosen, and the table without that. */
function takeDraws(table: Table): { table: Table; draws: Map<number, Draw> | null } {
  const [head, ...body] = table.rows;
  const keys = head?.cells.map((name) => name.trim().toLowerCase()) ?? [];
  const at = keys.indexOf("draw");
  const cells = body.flatMap((row) => row.cells[at] || []);
  if (at < 0 || cells.length === 0 || !cells.every(isSavedDraw)) return { table, draws: null };
  const own = new Set([at, keys.indexOf("order")]);
  const draws = new Map(body.map(({ line, cells }) => [line, drawOf(cells[at] ?? "")]));
  const rows = table.rows.map((row) => ({ ...row, cells: row.cells.filter((_, i) => !own.has(i)) }));
  return { table: { ...table, rows }, draws };
}

/** What a name may stand for: as it is, or a path from the file's folder, from here, or from the root of the disk. */
function placesOf(path: string, file: string, root: string): string[] {
  const within = (from: string) => relative(resolve(root), resolve(from, path)).split(sep).join("/");
  const all = [path, path.replace(/^\.\//, ""), within(dirname(resolve(file))), within(process.cwd())];
  // As Windows writes them, and letters with marks as other systems do.
  const plain = [...all, path.replaceAll("\\", "/").replace(/^\.\//, "")];
  return [...plain, ...plain.map((one) => one.normalize())];
}

/**
 * Splits as they are, where the one can answer for the other; else one. Of a val whose labels came to be as `unlabel label` has it, those
 * images are scored on that were drawn at random, and the others are there to fit on.
 */
function together(train: Split, val: Split | null): { train: Split; val: Split | null; pooled: string | null } {
  if (val === null || val.items.length === 0) return { train, val: null, pooled: null };
  // Both are handed out by the same source.
  const pool = (items: Split["items"]) => ({ ...train, items: [...train.items, ...items] });
  const chosen = val.items.filter(({ draw }) => draw === "coverage");
  const test = val.items.filter(({ draw }) => draw !== "coverage");
  const own = chosen.length > 0 ? pool(chosen) : train;
  const inTrain = new Set(own.items.map(({ label }) => label));
  const isAnswered = test.every(({ label }) => inTrain.has(label));
  if (test.length > 0 && isAnswered) return { train: own, val: { ...val, items: test }, pooled: null };
  const why = test.length > 0 ? "has classes that train has no label of" : "has no label of an image drawn at random";
  return { train: pool(val.items), val: null, pooled: `train and val are taken together: val ${why}` };
}

function fingerprintOf(data: Dataset, labels: ReadonlyMap<string, { label: string; draw?: Draw }>): string {
  const hash = createHash("sha256").update(`${data.fingerprint}\n`);
  for (const name of [...labels.keys()].sort()) {
    const { label, draw } = labels.get(name)!;
    // Which are scored on follows from it.
    hash.update(`${name}\0${label}${draw ? `\0${draw}` : ""}\n`);
  }
  return hash.digest("hex").slice(0, 16);
}

/** Which labels scores rest on. */
function drawnWords(items: Split["items"]): string[] {
  const drawn = items.filter(({ draw }) => draw === "uniform").length;
  if (!items.some(({ draw }) => draw)) return [];
  const chosen = items.length - drawn;
  if (chosen === 0) return ["all of these were drawn at random"];
  return [
    `${drawn} of these were drawn at random, and scores rest on such alone; ${chosen} ${chosen === 1 ? "was" : "were"} chosen to cover the images, which classifiers learn from and are not scored on`,
  ];
}
