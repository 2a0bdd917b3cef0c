// The image column of a Parquet file in parts of a few megabytes. Writers make row groups of any size: a large one is read by runs of
// its pages, so that nobody reads a gigabyte for one image, and what is shuffled together comes from many places of the file.
import {
  type AsyncBuffer,
  type ColumnMetaData,
  type FileMetaData,
  parquetReadObjects,
  type RowGroup,
  type SchemaTree,
} from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { z } from "zod";
import type { Bytes } from "./bytes.ts";
import { checkPages, listPages, MOST_BYTES, type Page } from "./pages.ts";
import { remembered } from "./remembered.ts";
import { Window } from "./tar.ts";

/** What a part takes unpacked, or one page, or a row group that is no larger. As the parts of shards. */
export const PART_BYTES = 3e6;
// Where a part begins in what is handed to hyparquet, which takes 0 for nothing.
const BASE = 4;
const FORMAT = 1;

/** Some rows that lie one after the other. */
export interface Part {
  rows: number;
  /** Unpacked. */
  bytes: number;
  /** Places in the file that together are a column chunk: its dictionary, where it is needed, and pages. */
  pieces: readonly (readonly [start: number, end: number])[];
  /** The column chunk that it is of. */
  meta: ColumnMetaData;
}

/** The column that holds the images' bytes: it itself, or its child `bytes`. */
export interface ImageColumn {
  name: string;
  /** Root, column, child, without what is beside them. */
  schema: FileMetaData["schema"];
  path: readonly string[];
}

export function imageColumnOf({ element: root, children }: SchemaTree, name: string): ImageColumn {
  const column = children.find(({ element }) => element.name === name)!;
  const child = column.children.find(({ element }) => element.name === "bytes");
  const elements = child ? [{ ...column.element, num_children: 1 }, child.element] : [column.element];
  return {
    name,
    schema: [{ ...root, num_children: 1 }, ...elements],
    path: elements.map((element) => element.name),
  };
}

const Pages = z.array(
  z
    .array(
      z.object({
        offset: z.number(),
        length: z.number(),
        bytes: z.number(),
        rows: z.number(),
        dictionary: z.enum(["is", "needs"]).nullable(),
      }),
    )
    .nullable(),
);

/**
 * The parts of each row group.
 *
 * @throws {Error} where a row group lacks the column, or its pages make no sense
 */
export async function partsOf(
  bytes: Bytes,
  { row_groups: groups }: FileMetaData,
  column: ImageColumn,
): Promise<Part[][]> {
  const chunks = groups.map((group) => chunkOf(group, column, bytes.size));
  const find = async () => {
    const file = await bytes.open();
    // A header is all that is wanted of a page.
    const window = new Window(file, { ...bytes, chunk: 1 << 12 });
    try {
      const lists: (Page[] | null)[] = [];
      for (const { start, end, rows, bytes: size } of chunks) {
        const read = (offset: number, length: number) => window.read(offset, length);
        lists.push(size <= PART_BYTES ? null : await listPages(read, start, end, rows));
      }
      return lists;
    } finally {
      await file.close();
    }
  };
  const isSmall = chunks.every(({ bytes: size }) => size <= PART_BYTES);
  const memory = { folder: "parquet", format: FORMAT, schema: Pages };
  const lists = isSmall ? chunks.map(() => null) : await remembered(bytes, memory, find);
  return chunks.map(({ start, end, rows, bytes: size, meta }, i) => {
    const pages = lists[i];
    return pages ? runsOf(pages, meta) : [{ rows, bytes: size, pieces: [[start, end]], meta }];
  });
}

function chunkOf({ columns, num_rows }: RowGroup, { name, path }: ImageColumn, size: number) {
  const meta = columns.find(({ meta_data: one }) => one?.path_in_schema.join("\0") === path.join("\0"))?.meta_data;
  if (!meta) throw new Error(`a column ${name} in each row group`);
  const start = Number(meta.dictionary_page_offset || meta.data_page_offset);
  return {
    meta,
    start,
    end: Math.min(size, start + Number(meta.total_compressed_size)),
    rows: Number(num_rows),
    bytes: imageBytes(columns, name),
  };
}

/** Unpacked bytes of a row group's images, and of their paths. */
export function imageBytes(columns: RowGroup["columns"], name: string): number {
  return columns.reduce((sum, { meta_data: meta }) => {
    return meta?.path_in_schema[0] === name ? sum + Number(meta.total_uncompressed_size) : sum;
  }, 0);
}

/** Pages that follow one another, as many as a part takes, with the dictionary before those that need it. */
function runsOf(pages: readonly Page[], meta: ColumnMetaData): Part[] {
  const dictionary = pages.find((page) => page.dictionary === "is");
  const runs: { rows: number; bytes: number; from: number; to: number; needs: boolean }[] = [];
  for (const { offset, length, bytes, rows, dictionary: use } of pages) {
    if (use === "is" || rows === 0) continue;
    const run = runs.at(-1);
    const needs = use === "needs";
    // Nothing lies between but pages without rows, which do no harm.
    if (run && run.bytes + bytes <= PART_BYTES)
      Object.assign(run, {
        rows: run.rows + rows,
        bytes: run.bytes + bytes,
        to: offset + length,
        needs: run.needs || needs,
      });
    else runs.push({ rows, bytes, from: offset, to: offset + length, needs });
  }
  return runs.map(({ rows, bytes, from, to, needs }) => {
    const pages = [from, to] as const;
    if (!needs || !dictionary) return { rows, bytes, pieces: [pages], meta };
    const first = [dictionary.offset, dictionary.offset + dictionary.length] as const;
    return { rows, bytes: bytes + dictionary.bytes, pieces: [first, pages], meta };
  });
}

const made = new WeakMap<Part, FileMetaData>();

/** The part as a file of one column and one row group, so that its pages are checked once however often it is read. */
function fileOf(part: Part, whole: FileMetaData, { schema }: ImageColumn): FileMetaData {
  const known = made.get(part);
  if (known) return known;
  const { dictionary_page_offset: _dictionary, statistics: _statistics, ...meta } = part.meta;
  const size = BigInt(part.pieces.reduce((sum, [start, end]) => sum + end - start, 0));
  const chunk = { ...meta, data_page_offset: BigInt(BASE), total_compressed_size: size, num_values: BigInt(part.rows) };
  const group = {
    columns: [{ file_offset: 0n, meta_data: chunk }],
    total_byte_size: size,
    num_rows: BigInt(part.rows),
  };
  const file = { ...whole, schema, row_groups: [group], num_rows: BigInt(part.rows) };
  made.set(part, file);
  return file;
}

/**
 * The column's values in the part's rows.
 *
 * @throws {Error} where its pages are damaged, or take more than {@link MOST_BYTES}
 */
export async function readPart(
  file: AsyncBuffer,
  whole: FileMetaData,
  column: ImageColumn,
  part: Part,
): Promise<unknown[]> {
  const metadata = fileOf(part, whole, column);
  const pieces = await Promise.all(part.pieces.map(([start, end]) => file.slice(start, end)));
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(new Uint8Array(piece), at);
    at += piece.byteLength;
  }
  const memory: AsyncBuffer = {
    byteLength: BASE + bytes.length,
    slice: (start, end = BASE + bytes.length) => bytes.buffer.slice(start - BASE, end - BASE),
  };
  await checkPages(memory, metadata, column.name, metadata.row_groups);
  const options = { file: memory, metadata, columns: [column.name], compressors, utf8: false };
  return (await parquetReadObjects(options)).map((row) => row[column.name]);
}
