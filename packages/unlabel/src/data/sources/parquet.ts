// Parquet with encoded images inside, as Hugging Face's datasets write it: an image column (bytes, or bytes and path) and a label.
// Parts of row groups are read when an image of theirs is wanted, and a few are kept.
import { basename, dirname, posix } from "node:path";
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { z } from "zod";
import { UserError } from "../../base/errors.ts";
import type { ClassName, Dataset, LeftAside } from "../folder.ts";
import { Blocks, readingOf } from "./blocks.ts";
import { type Bytes, localBytes, pointerWords } from "./bytes.ts";
import { assemble, type Sample } from "./dataset.ts";
import { cardOf, namesOfCard } from "./dataset-card.ts";
import { checkFooter, checkPages, MOST_BYTES } from "./pages.ts";
import { columnsOf, columnsReading, featuresOf, holdsImages } from "./parquet-columns.ts";
import { type ImageColumn, imageBytes, imageColumnOf, type Part, partsOf, readPart } from "./parquet-parts.ts";
import { doubtOf, partOfWord, partsOfFiles, type Part as SplitPart } from "./splits.ts";

const Content = z.instanceof(Uint8Array).nullish();
/** Without an image it is as an empty file: passed over, and listed. */
const Cell = z.union([Content, z.object({ bytes: Content }).transform(({ bytes }) => bytes)]);
const Label = z.union([z.string(), z.number(), z.bigint(), z.boolean(), z.null(), z.undefined()]);

/** Rows that are read together. */
interface Block {
  path: string;
  file: AsyncBuffer;
  metadata: FileMetaData;
  column: ImageColumn;
  part: Part;
  /** The file's row, and the `Item.at`, that it begins with. */
  firstRow: number;
  first: number;
}

/** What is known of files before they are opened. */
export interface ParquetFiles {
  /** The split of each; by default their names and folders tell. */
  parts?: readonly (SplitPart | null)[];
  /** The configuration of the repository that they are. */
  config?: string | undefined;
  leftAside?: readonly LeftAside[];
  readings?: readonly string[];
}

/** @throws {UserError} where a file is damaged or holds no images */
export async function openParquet(
  root: string,
  paths: readonly string[],
  { config, ...known }: ParquetFiles = {},
): Promise<Dataset> {
  const files = paths.map((path) => posix.join(basename(dirname(path)), basename(path)));
  const parts = known.parts ?? partsOfFiles(files);
  const readings = new Set(known.readings);
  const doubt = files.length > 1 ? doubtOf(files, parts) : null;
  if (doubt !== null) readings.add(doubt);
  const samples: Sample[] = [];
  const found: Block[] = [];
  const contents: string[] = [];
  let classes: ClassName[] | undefined;
  let isSplit = false;
  let labelColumn: string | null = null;
  let numberNames: string[] | undefined;
  for (const [place, path] of paths.entries()) {
    const bytes = await localBytes(path);
    const pointer = await pointerWords(bytes);
    if (pointer !== null) throw new UserError(`Expected a Parquet file in ${path}, ${pointer}`);
    const file = bufferOf(bytes);
    const metadata = await parse(path, async () => {
      await checkFooter(file);
      return parquetMetadataAsync(file);
    });
    refuseSenselessCounts(path, metadata, bytes.size);
    const tree = await parse(path, async () => parquetSchema(metadata));
    const features = featuresOf(metadata);
    const picked = columnsOf(path, tree.children, features);
    const { image, label } = picked;
    const split = parts[place] ?? null;
    const rowParts = split === null ? await splitsIn({ file, metadata, name: path, column: "" }, picked.others) : null;
    if (rowParts) readings.add(`splits from column ${rowParts.column}`);
    const said = columnsReading({ ...picked, others: picked.others.filter((name) => name !== rowParts?.column) });
    if (said !== null) readings.add(said);
    labelColumn ??= label;
    const told = label === null ? undefined : features?.columns[label]?.names;
    const names = features?.areAllPlain ? told : undefined;
    if (!names) numberNames ??= told;
    classes ??= names?.map((name) => ({ id: name, name }));
    const labels = label === null ? [] : await readColumn({ file, metadata, name: path, column: label }, Label);
    const column = imageColumnOf(tree, image);
    const groups = await parse(path, () => partsOf(bytes, metadata, column));
    isSplit ||= groups.some((parts) => parts.length > 1);
    let row = 0;
    for (const [index, { num_rows, columns }] of metadata.row_groups.entries()) {
      contents.push(`${basename(path)} ${Number(num_rows)} ${imageBytes(columns, image)}`);
      let firstRow = row;
      for (const part of groups[index]!) {
        if (part.bytes > MOST_BYTES)
          throw new UserError(
            `Expected pages of at most ${MOST_BYTES / 1e6} MB in ${path}, got ${Math.round(part.bytes / 1e6)} MB; write it with smaller ones`,
          );
        found.push({ path, file, metadata, column, part, firstRow, first: samples.length + firstRow - row });
        firstRow += part.rows;
      }
      for (let i = 0; i < Number(num_rows); i++, row++) {
        const value = labels[row] ?? null;
        const known = value === null || Number(value) < 0 ? null : (names?.[Number(value)] ?? String(value));
        samples.push({ path: `${basename(path)}#${row}`, label: known, part: split ?? rowParts?.parts[row] ?? null });
      }
    }
  }
  if (classes === undefined && labelColumn !== null) {
    const card = numberNames ? undefined : namesBeside(paths, config, labelColumn);
    classes = numbered(numberNames ?? card, samples);
    if (classes && card) readings.add("classes are called as README.md has them");
  }
  const firsts = Float64Array.from(found, ({ first }) => first);
  const blocks = new Blocks({
    sizes: found.map(({ part }) => part.bytes),
    blockOf: (at) => lastAtMost(firsts, at),
    fetch: (block) => readBlock(found[block]!),
  });
  const dataset = assemble({
    root,
    layout: "parquet",
    samples,
    ...(classes && { classes }),
    ...(known.leftAside && { leftAside: known.leftAside }),
    readings: [...readings],
    content: contents.join("\n"),
    // Copied: a cell is a piece of its page, which would be kept with it.
    ...readingOf(blocks, (rows, at) => rows[at - firsts[lastAtMost(firsts, at)]!]?.slice() ?? new Uint8Array()),
  });
  return isSplit ? { ...dataset, order: "by pages" } : dataset;
}

/** The split of each row, where a column of its own says it in words for all of them. */
async function splitsIn(from: Column, names: readonly string[]) {
  const column = names.find((name) => SPLITS.has(name.toLowerCase()));
  if (column === undefined) return null;
  const cells = await readColumn({ ...from, column }, z.unknown());
  const parts = cells.map((cell) => (typeof cell === "string" ? partOfWord(cell) : null));
  return parts.every((part) => part !== null) ? { column, parts } : null;
}

const SPLITS = new Set(["split", "splits", "subset", "set", "partition"]);

/** What the README in the files' folder, or in one of the two above it, calls the numbers of a column. */
function namesBeside(paths: readonly string[], config: string | undefined, label: string): string[] | undefined {
  const folder = dirname(paths[0]!);
  return [folder, dirname(folder), dirname(dirname(folder))]
    .map((place) => namesOfCard(cardOf(place), config, label))
    .find((found) => found !== undefined);
}

/** Classes whose ids stay the numbers that the files have, so that the data is the same whether anything names them or not. */
function numbered(names: string[] | undefined, samples: readonly Sample[]): ClassName[] | undefined {
  const ids = new Set(names?.map((_, id) => String(id)));
  // Fewer names than there are numbers are of other files.
  return names && samples.every(({ label: id }) => id === null || ids.has(id))
    ? names.map((name, id) => ({ id: String(id), name }))
    : undefined;
}

/** Whether a file has a column of images; so has a damaged one, whose opening tells what is wrong. */
export async function hasImages(path: string): Promise<boolean> {
  try {
    const file = bufferOf(await localBytes(path));
    await checkFooter(file);
    return parquetSchema(await parquetMetadataAsync(file)).children.some(holdsImages);
  } catch {
    return true;
  }
}

async function readBlock({ path, file, metadata, column, part, firstRow }: Block) {
  const cells = await parse(path, () => readPart(file, metadata, column, part));
  return cells.map((cell, i) => checked(Cell, cell, { column: column.name, name: path, row: firstRow + i }));
}

function bufferOf(bytes: Bytes): AsyncBuffer {
  return {
    byteLength: bytes.size,
    async slice(start, end = bytes.size) {
      const from = start < 0 ? bytes.size + start : start;
      const file = await bytes.open();
      try {
        const data = await file.read(from, Math.min(end, bytes.size) - from);
        return Uint8Array.from(data).buffer;
      } finally {
        await file.close();
      }
    },
  };
}

/** Before anything is made for each row: an image takes a byte at least, and the row groups hold all rows. */
function refuseSenselessCounts(path: string, { num_rows, row_groups }: FileMetaData, size: number): void {
  const counts = row_groups.map((group) => Number(group.num_rows));
  const total = counts.reduce((sum, rows) => sum + rows, 0);
  if (counts.every((rows) => rows >= 0) && total === Number(num_rows) && total <= size) return;
  throw new UserError(
    `Expected ${num_rows} rows in the row groups of ${path} (${size} bytes), got ${total}; the file is damaged`,
  );
}

interface Column {
  file: AsyncBuffer;
  metadata: FileMetaData;
  name: string;
  column: string;
}

async function readColumn<T>({ file, metadata, name, column }: Column, cell: z.ZodType<T>): Promise<T[]> {
  const found = await parse(name, async () => {
    await checkPages(file, metadata, column, metadata.row_groups);
    return parquetReadObjects({ file, metadata, columns: [column], compressors, utf8: true });
  });
  return found.map((value, row) => checked(cell, value[column], { column, name, row }));
}

function checked<T>(cell: z.ZodType<T>, value: unknown, at: { column: string; name: string; row: number }): T {
  const { success, data } = cell.safeParse(value);
  if (success) return data;
  throw new UserError(
    `Expected bytes or a class in column ${at.column} of ${at.name}, got something else in row ${at.row}`,
  );
}

async function parse<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UserError) throw error;
    const said = error instanceof Error ? error.message : String(error);
    const why = /footer|too short|magic|outside the bounds of the DataView/i.test(said)
      ? ", got one without Parquet's end mark"
      : `: ${said}`;
    throw new UserError(`Expected a whole Parquet file in ${path}${why}; make or fetch it again`, { cause: error });
  }
}

function lastAtMost(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! <= value) low = middle;
    else high = middle;
  }
  return low;
}
