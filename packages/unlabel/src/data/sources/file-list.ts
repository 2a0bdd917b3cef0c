// A list of files: an image a line with its class and split, as CSV, with other separators, or as JSON lines; with a header line in
// any order or none.
import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { UserError } from "../../base/errors.ts";
import { counted } from "../../base/text.ts";
import type { Dataset, LeftAside } from "../folder.ts";
import { assemble, type Sample } from "./dataset.ts";
import { type Entry, readColumns } from "./list-columns.ts";
import { type Locations, locate } from "./list-paths.ts";
import { readTable, shown } from "./list-table.ts";
import { decodeText, otherContent } from "./list-text.ts";
import type { Part } from "./splits.ts";

const MOST_BYTES = 500e6;

/** @throws {UserError} naming the line that is not as it should be, or where none of its files is there */
export function openFileList(root: string): Dataset {
  const { size } = statSync(root);
  if (size > MOST_BYTES) throw new UserError(`Expected a list of files in ${root}, got ${size} bytes; split it`);
  const bytes = readFileSync(root);
  const other = otherContent(bytes, root);
  if (other !== null) throw new UserError(`Expected a list of files in ${root}, got ${other}`);
  const { text, encoding } = decodeText(bytes);
  const folder = dirname(resolve(root));
  const { entries, readings } = readColumns(root, readTable(root, text, folder));
  if (entries.length === 0)
    throw new UserError(
      `Expected images in ${root}, found none: ${bytes.length === 0 ? "it is empty" : "no line names any"}`,
    );
  const places = locate(
    folder,
    entries.map(({ path }) => path),
  );
  const samples = entries.map(({ label, part }, i): Sample => {
    const { path, size: length, isThere } = places.files[i]!;
    return { path, label, part, size: length, aside: !isThere };
  });
  refuseWhereNoneIsThere(root, folder, entries, places);
  const missing = places.files.flatMap(({ isThere }, i) => (isThere ? [] : [entries[i]!]));
  const leftAside: LeftAside[] =
    missing.length === 0
      ? []
      : [
          {
            what: "named in the list, but not there",
            count: missing.length,
            example: missing[0]!.path,
            hint: `line ${missing[0]!.line}: ${places.cause}`,
          },
        ];
  const doubtful = encoding?.startsWith("Windows") ? [`the list is not UTF-8 and is read as ${encoding}`] : [];
  return assemble({
    root,
    layout: "file-list",
    samples,
    leftAside,
    readings: [...doubtful, ...readings, ...places.readings, ...repeated(samples)],
    load: async (items) => items.map(({ path }) => resolve(folder, path)),
  });
}

/** All of a list, or all of its train. */
function refuseWhereNoneIsThere(root: string, folder: string, entries: readonly Entry[], { files, cause }: Locations) {
  const parts = new Map<Part, { all: number; there: number; first: string }>();
  for (const [i, { part, path }] of entries.entries()) {
    const one = parts.get(part ?? "train") ?? { all: 0, there: 0, first: path };
    one.all++;
    if (files[i]!.isThere) one.there++;
    parts.set(part ?? "train", one);
  }
  const isAny = files.some(({ isThere }) => isThere);
  for (const [part, { all, there, first }] of parts) {
    // Without train what is held out would be trained on; without what is held out training is the same.
    if (there > 0 || (isAny && part !== "train")) continue;
    const here = process.cwd();
    const places = here === folder ? `${folder} (the list's)` : `${folder} (the list's), ${here}`;
    const of = parts.size > 1 ? ` as ${part}` : "";
    throw new UserError(
      `Expected the ${counted(all, "image")} that ${root} names${of}, found none; the first is ${shown(first)}, looked for from ${places} and folders beside: ${cause}; write paths relative to the list's folder`,
    );
  }
}

/** Rows whose image another row names, too. */
function repeated(samples: readonly Sample[]): string[] {
  const firsts = new Map<string, Sample>();
  let [again, labels, parts] = [0, 0, 0];
  let example = "";
  for (const sample of samples) {
    const first = firsts.get(sample.path);
    if (!first) {
      firsts.set(sample.path, sample);
      continue;
    }
    if (again++ === 0) example = sample.path;
    if (first.label !== sample.label) labels++;
    if ((first.part ?? "train") !== (sample.part ?? "train")) parts++;
  }
  if (again === 0) return [];
  const how = [labels > 0 && `${labels} with another class`, parts > 0 && `${parts} in another split`].filter(Boolean);
  const more = how.length > 0 ? ` (${how.join(", ")})` : "";
  return [
    `${counted(again, "row")} ${again === 1 ? "names an image" : "name images"} that an earlier row names${more}, such as ${example}; each row counts`,
  ];
}
