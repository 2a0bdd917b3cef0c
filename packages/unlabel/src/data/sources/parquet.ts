// Parquet with encoded images inside, as Hugging Face's datasets write it: an image column (bytes, or bytes and path) and a label.
// Parts of row groups are read when an image of theirs is wanted, and a few are kept.
import { basename, dirname, posix } from "node:path";
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type SchemaTree,
} from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { z } from "zod";
import { UserError } from "../../base/errors.ts";
import type { ClassName, Dataset } from "../folder.ts";
import { Blocks, readingOf } from "./blocks.ts";
import { type Bytes, localBytes } from "./bytes.ts";
import { assemble, partOf, type Sample } from "./dataset.ts";
import { checkFooter, checkPages, MOST_BYTES } from "./pages.ts";
import { type ImageColumn, imageBytes, imageColumnOf, type Part, partsOf, readPart } from "./parquet-parts.ts";

const IMAGE_NAMES = ["image", "img", "jpg", "png", "webp", "jpeg", "picture", "bytes"];
const LABEL_NAMES = ["label", "labels", "fine_label", "class", "cls", "target"];

const Content = z.instanceof(Uint8Array).nullish();
/** Without an image it is as an empty file: passed over, and listed. */
const Cell = z.union([Content, z.object({ bytes: Content }).transform(({ bytes }) => bytes)]);
const Label = z.union([z.string(), z.number(), z.bigint(), z.null(), z.undefined()]);
const Features = z.object({
  info: z.object({ features: z.record(z.string(), z.looseObject({ names: z.array(z.string()).optional() })) }),
});

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

/** @throws {UserError} where a file is damaged or holds no images */
export async function openParquet(root: string, paths: readonly string[]): Promise<Dataset> {
  const samples: Sample[] = [];
  const found: Block[] = [];
  const contents: string[] = [];
  let classes: ClassName[] | undefined;
  let isSplit = false;
  for (const path of paths) {
    const bytes = await localBytes(path);
    const file = bufferOf(bytes);
    const metadata = await parse(path, async () => {
      await checkFooter(file);
      return parquetMetadataAsync(file);
    });
    refuseSenselessCounts(path, metadata, bytes.size);
    const tree = await parse(path, async () => parquetSchema(metadata));
    const { image, label } = columnsOf(path, tree.children);
    const names = label === null ? undefined : classNames(metadata, label);
    classes ??= names?.map((name) => ({ id: name, name }));
    const labels = label === null ? [] : await readColumn({ file, metadata, name: path, column: label }, Label);
    const name = posix.join(basename(dirname(path)), basename(path));
    const split = partOf(name);
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
        samples.push({ path: `${basename(path)}#${row}`, label: known, part: split });
      }
    }
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
    content: contents.join("\n"),
    // Copied: a cell is a piece of its page, which would be kept with it.
    ...readingOf(blocks, (rows, at) => rows[at - firsts[lastAtMost(firsts, at)]!]?.slice() ?? new Uint8Array()),
  });
  return isSplit ? { ...dataset, order: "by pages" } : dataset;
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

/** Which column has the images and which the classes. */
function columnsOf(path: string, columns: SchemaTree[]): { image: string; label: string | null } {
  const pick = (names: string[], fits: (column: SchemaTree) => boolean) =>
    columns
      .filter((column) => fits(column))
      .sort((a, b) => rank(names, a.element.name) - rank(names, b.element.name))
      .map(({ element }) => element.name);
  const images = pick(IMAGE_NAMES, ({ element: { type, converted_type: kind, logical_type: logical }, children }) =>
    children.length > 0
      ? children.some(({ element }) => element.name === "bytes" && element.type === "BYTE_ARRAY")
      : type === "BYTE_ARRAY" && kind === undefined && logical === undefined,
  );
  if (images[0] === undefined) {
    const there = columns.map(({ element }) => element.name).join(", ");
    throw new UserError(`Expected a column of encoded images in ${path}, got the columns ${there}`);
  }
  const labels = pick(
    LABEL_NAMES,
    ({ element, children }) => children.length === 0 && LABEL_NAMES.includes(element.name),
  );
  return { image: images[0], label: labels[0] ?? null };
}

function rank(names: string[], name: string): number {
  const place = names.indexOf(name.toLowerCase());
  return place < 0 ? names.length : place;
}

/** The names that Hugging Face's metadata gives to the numbers of a label column. */
function classNames({ key_value_metadata: pairs }: FileMetaData, label: string): string[] | undefined {
  const value = pairs?.find(({ key }) => key === "huggingface")?.value;
  if (value === undefined) return undefined;
  try {
    return Features.parse(JSON.parse(value)).info.features[label]?.names;
  } catch {
    return undefined; // other programs' metadata: numbers do as names
  }
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
    const why = /footer|too short|magic/i.test(said) ? ", got one without Parquet's end mark" : `: ${said}`;
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
