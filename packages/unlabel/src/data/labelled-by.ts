// Labels from a file of their own, for images of any source: those that `unlabel label` writes, or any table of names and classes. They
// stand in place of whatever labels the source has; images without one are left aside and counted.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, relative, resolve, sep } from "node:path";
import { UserError } from "../base/errors.ts";
import { codeOf } from "../base/files.ts";
import { counted, visible } from "../base/text.ts";
import type { Dataset, Item, LeftAside, Split } from "./folder.ts";
import { isLabelsText, readLabelRows } from "./labels-file.ts";
import { nameOf } from "./names.ts";
import { readColumns } from "./sources/list-columns.ts";
import { readTable } from "./sources/list-table.ts";
import { decodeText, otherContent } from "./sources/list-text.ts";

/** What a row says, whatever wrote it. */
interface Said {
  line: number;
  path: string;
  label: string | null;
}

/**
 * A data set with the labels of a file alone, and of its images those that have one.
 *
 * @throws {UserError} where the file cannot be read, names none of the images, says two things of one, or has fewer than two classes
 */
export function labelledBy(data: Dataset, file: string): Dataset {
  const { said, readings, isOwn } = read(file);
  const rows = said.filter((row): row is Said & { label: string } => row.label !== null);
  if (rows.length === 0)
    throw new UserError(
      `Expected labels in ${file}, got ${said.length === 0 ? "no rows" : `${counted(said.length, "row")} without one`}; label some images first`,
    );
  const splits = [data.train, ...(data.val ? [data.val] : [])];
  const names = new Set(splits.flatMap(({ items }) => items.map(nameOf)));
  const labels = new Map<string, Said & { label: string }>();
  const missing: Said[] = [];
  let again = 0;
  for (const row of rows) {
    const name = placesOf(row.path, file, data.root).find((one) => names.has(one));
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
        `Expected names of images in ${data.root} in ${file}, got ${missing[0]!.path} and no other that is there; they are relative to DATA, such as ${names.values().next().value}`,
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
      return row ? [{ ...item, label: place.get(row.label)! }] : [];
    }),
  });
  const { train, val, pooled } = together(given(data.train), data.val && given(data.val));
  const all = splits.reduce((sum, { items }) => sum + items.length, 0);
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
    train,
    val,
    classes: ids.map((id) => ({ id, name: known.get(id) ?? id })),
    leftAside: [...(data.leftAside ?? []), ...leftAside],
    readings: [
      ...(data.readings ?? []),
      `labels are those of ${file}: ${counted(used, "image")} of ${all} ${used === 1 ? "has" : "have"} one, the other ${all - used} are left aside${skipped > 0 ? ` (${skipped} of them skipped)` : ""}`,
      ...readings,
      ...(again > 0 ? [`${counted(again, "row")} ${again === 1 ? "says" : "say"} again what an earlier row says`] : []),
      ...(pooled ? ["train and val are taken together: val has classes that train has no label of"] : []),
      ...(isOwn
        ? ["half of them were chosen to cover the images, not at random: scores are those of the labelled images"]
        : []),
    ],
    fingerprint: fingerprintOf(data, labels),
  };
}

function read(file: string): { said: Said[]; readings: string[]; isOwn: boolean } {
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
    const said = readLabelRows(file, text).map(({ path, label }, i) => ({ line: i + 2, path, label }));
    return { said, readings: [], isOwn: true };
  }
  const { entries, readings } = readColumns(file, readTable(file, text, dirname(resolve(file))));
  if (entries.length > 0 && entries.every(({ label }) => label === null))
    throw new UserError(
      `Expected a column label in ${file}, found none; name the columns in the first line: path,label`,
    );
  return { said: entries.map(({ line, path, label }) => ({ line, path, label })), readings, isOwn: false };
}

/** What a name may stand for: as it is, or a path from the file's folder, from here, or from the root of the disk. */
function placesOf(path: string, file: string, root: string): string[] {
  const within = (from: string) => relative(resolve(root), resolve(from, path)).split(sep).join("/");
  return [path, path.replace(/^\.\//, ""), within(dirname(resolve(file))), within(process.cwd())];
}

/** Splits as they are, where the one can answer for the other; else one. */
function together(train: Split, val: Split | null): { train: Split; val: Split | null; pooled: boolean } {
  if (val === null || val.items.length === 0) return { train, val: null, pooled: false };
  const inTrain = new Set(train.items.map(({ label }) => label));
  if (val.items.every(({ label }) => inTrain.has(label))) return { train, val, pooled: false };
  // Both are handed out by the same source.
  return { train: { ...train, items: [...train.items, ...val.items] }, val: null, pooled: true };
}

function fingerprintOf(data: Dataset, labels: ReadonlyMap<string, { label: string }>): string {
  const hash = createHash("sha256").update(`${data.fingerprint}\n`);
  for (const name of [...labels.keys()].sort()) hash.update(`${name}\0${labels.get(name)!.label}\n`);
  return hash.digest("hex").slice(0, 16);
}
