// Parquet with encoded images inside, as Hugging Face's datasets write it: an image column (bytes, or bytes and path) and a label.
// Row groups are read when an image of theirs is wanted, and a few are kept.
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
import { Blocks, orderOf } from "./blocks.ts";
import { type Bytes, localBytes } from "./bytes.ts";
import { assemble, partOf, type Sample } from "./dataset.ts";
import { checkFooter, checkPages, MOST_BYTES } from "./pages.ts";

const IMAGE_NAMES = ["image", "img", "jpg", "png", "webp", "jpeg", "picture", "bytes"];
const LABEL_NAMES = ["label", "labels", "fine_label", "class", "cls", "target"];

const Content = z.instanceof(Uint8Array).nullish();
/** Without an image it is as an empty file: passed over, and listed. */
const Cell = z.union([Content, z.object({ bytes: Content }).transform(({ bytes }) => bytes)]);
const Label = z.union([z.string(), z.number(), z.bigint(), z.null(), z.undefined()]);
const Features = z.object({
  info: z.object({ features: z.record(z.string(), z.looseObject({ names: z.array(z.string()).optional() })) }),
});

interface RowGroup {
  file: AsyncBuffer;
  metadata: FileMetaData;
  name: string;
  column: string;
  /** Among the file's. */
  index: number;
  firstRow: number;
  rows: number;
  /** `Item.at` of its first row. */
  first: number;
  bytes: number;
}

/** @throws {UserError} where a file is damaged or holds no images */
export async function openParquet(root: string, paths: readonly string[]): Promise<Dataset> {
  const samples: Sample[] = [];
  const groups: RowGroup[] = [];
  let classes: ClassName[] | undefined;
  for (const path of paths) {
    const bytes = await localBytes(path);
    const file = bufferOf(bytes);
    const metadata = await parse(path, async () => {
      await checkFooter(file);
      return parquetMetadataAsync(file);
    });
    refuseSenselessCounts(path, metadata, bytes.size);
    const { children: columns } = await parse(path, async () => parquetSchema(metadata));
    const { image, label } = columnsOf(path, columns);
    const names = label === null ? undefined : classNames(metadata, label);
    classes ??= names?.map((name) => ({ id: name, name }));
    const labels = label === null ? [] : await readColumn({ file, metadata, name: path, column: label }, Label);
    const name = posix.join(basename(dirname(path)), basename(path));
    const part = partOf(name);
    let row = 0;
    for (const [index, { num_rows, columns }] of metadata.row_groups.entries()) {
      const rows = Number(num_rows);
      const size = columns.reduce((sum, { meta_data: meta }) => {
        return meta?.path_in_schema[0] === image ? sum + Number(meta.total_uncompressed_size) : sum;
      }, 0);
      if (size > MOST_BYTES)
        throw new UserError(
          `Expected row groups of at most ${MOST_BYTES / 1e6} MB in ${path}, got ${Math.round(size / 1e6)} MB; write it with smaller ones`,
        );
      groups.push({
        file,
        metadata,
        name: path,
        column: image,
        index,
        firstRow: row,
        rows,
        first: samples.length,
        bytes: size,
      });
      for (let i = 0; i < rows; i++, row++) {
        const value = labels[row] ?? null;
        const known = value === null || Number(value) < 0 ? null : (names?.[Number(value)] ?? String(value));
        samples.push({ path: `${basename(path)}#${row}`, label: known, part });
      }
    }
  }
  const firsts = Float64Array.from(groups, ({ first }) => first);
  const blocks = new Blocks({
    sizes: groups.map(({ bytes }) => bytes),
    blockOf: (at) => lastAtMost(firsts, at),
    fetch: (group) => readColumn(groups[group]!, Cell, groups[group]!),
  });
  const contents = groups.map(({ name, bytes, rows }) => `${basename(name)} ${rows} ${bytes}`).join("\n");
  return assemble({
    root,
    layout: "parquet",
    samples,
    ...(classes && { classes }),
    content: contents,
    order: orderOf(blocks),
    load: (items) =>
      Promise.all(
        items.map(async ({ at }) => {
          const group = lastAtMost(firsts, at!);
          return (await blocks.get(group))[at! - firsts[group]!] ?? new Uint8Array();
        }),
      ),
  });
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

async function readColumn<T>(
  { file, metadata, name, column }: Pick<RowGroup, "file" | "metadata" | "name" | "column">,
  cell: z.ZodType<T>,
  range?: Pick<RowGroup, "index" | "firstRow" | "rows">,
): Promise<T[]> {
  const rows = range && { rowStart: range.firstRow, rowEnd: range.firstRow + range.rows };
  const groups = range ? [metadata.row_groups[range.index]!] : metadata.row_groups;
  const found = await parse(name, async () => {
    await checkPages(file, metadata, column, groups);
    return parquetReadObjects({ file, metadata, columns: [column], compressors, utf8: range === undefined, ...rows });
  });
  return found.map((row, i) => {
    const { success, data } = cell.safeParse(row[column]);
    if (success) return data;
    throw new UserError(
      `Expected bytes or a class in column ${column} of ${name}, got something else in row ${(range?.firstRow ?? 0) + i}`,
    );
  });
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
