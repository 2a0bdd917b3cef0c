// Whether the pages of a Parquet column are what they claim to be, asked before hyparquet decodes them: it fills as many values as
// a page and its runs say, and a page of ten bytes can say 2^31. What is let through costs no more than its bytes and rows.
import {
  type AsyncBuffer,
  type ColumnMetaData,
  type DataReader,
  type FileMetaData,
  type PageHeader,
  parquetSchema,
  type RowGroup,
} from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import { decompressPage } from "hyparquet/src/datapage.js";
import { getMaxDefinitionLevel, getMaxRepetitionLevel, getTreePath } from "hyparquet/src/schema.js";
import { deserializeTCompactProtocol, readVarInt } from "hyparquet/src/thrift.js";
import { compressors } from "hyparquet-compressors";

/** Bytes of pages, unpacked, that are decoded as one piece. */
export const MOST_BYTES = 1e9;
/** Bytes in a row that go on a number; a header's own byte or two may precede its ten. */
const MOST_NUMBER_BYTES = 32;

const checked = new WeakSet<ColumnMetaData>();

/** @throws {Error} where a page of `column` in `groups` claims what it cannot hold */
export async function checkPages(
  file: AsyncBuffer,
  metadata: FileMetaData,
  column: string,
  groups: readonly RowGroup[],
): Promise<void> {
  const tree = parquetSchema(metadata);
  let bytes = 0;
  for (const { columns, num_rows } of groups) {
    for (const { meta_data: meta } of columns) {
      if (meta?.path_in_schema[0] !== column || checked.has(meta)) continue;
      const path = getTreePath(tree, meta.path_in_schema);
      expect(getMaxRepetitionLevel(path) === 0, `one value a row in column ${column}, got lists`);
      const start = Number(meta.dictionary_page_offset || meta.data_page_offset);
      const chunk = await file.slice(start, start + Number(meta.total_compressed_size));
      bytes += checkChunk(chunk, meta, getMaxDefinitionLevel(path), Number(num_rows), MOST_BYTES - bytes);
      checked.add(meta);
    }
  }
}

/** @throws {Error} where the description of all columns, at a file's end, has numbers of any length */
export async function checkFooter(file: AsyncBuffer): Promise<void> {
  const end = file.byteLength - 8;
  if (end < 0) return; // hyparquet says so
  const length = new DataView(await file.slice(end, end + 4)).getUint32(0, true);
  if (length <= end)
    deserializeTCompactProtocol({ view: new ShortNumbers(await file.slice(end - length, end)), offset: 0 });
}

/** Returns the bytes of its pages, unpacked. */
function checkChunk(chunk: ArrayBuffer, { codec }: ColumnMetaData, levels: number, rows: number, most: number): number {
  let [offset, values, bytes] = [0, 0, 0];
  while (offset < chunk.byteLength - 1) {
    const reader = { view: new ShortNumbers(chunk), offset };
    const header = parquetHeader(reader);
    const { type, uncompressed_page_size: size, compressed_page_size: packed } = header;
    offset = reader.offset;
    expectCount(packed, chunk.byteLength - offset, "bytes in the page");
    expectCount(size, most - bytes, "bytes in the unpacked page");
    if (type === "DICTIONARY_PAGE") {
      expectCount(header.dictionary_page_header?.num_values, size, "values in the dictionary");
    } else {
      values += checkData(new DataView(chunk, offset, packed), header, codec, levels, rows - values);
    }
    offset += packed;
    bytes += size;
  }
  expect(values === rows, `${rows} values in a column, got ${values}`);
  return bytes;
}

/** Returns how many values the page has. */
function checkData(
  packed: DataView,
  header: PageHeader,
  codec: ColumnMetaData["codec"],
  levels: number,
  most: number,
): number {
  const { data_page_header: v1, data_page_header_v2: v2, uncompressed_page_size: size } = header;
  const said = header.type === "DATA_PAGE" ? v1 : v2;
  expect(said !== undefined, `pages of values or a dictionary, got ${header.type}`);
  const count = expectCount(said.num_values, most, "values in the page");
  const unpack = (view: DataView, bytes: number) => {
    const page = decompressPage(
      new Uint8Array(view.buffer, view.byteOffset, view.byteLength),
      bytes,
      codec,
      compressors,
    );
    return { view: new DataView(page.buffer, page.byteOffset, page.byteLength), offset: 0 };
  };
  const width = 32 - Math.clz32(levels);
  const dictionary = said.encoding === "PLAIN_DICTIONARY" || said.encoding === "RLE_DICTIONARY";
  expect(
    dictionary || said.encoding === "PLAIN",
    `values as PLAIN or by a dictionary, got ${said.encoding}; write them so`,
  );
  let page: DataReader;
  if (said === v1) {
    if (levels === 0 && !dictionary) return count;
    page = unpack(packed, size);
    if (levels > 0) {
      const length = page.view.getUint32(0, true);
      checkLevels(part(page.view, 4, length), width, count);
      page.offset = 4 + length;
    }
  } else {
    const { num_nulls, num_rows, definition_levels_byte_length, repetition_levels_byte_length, is_compressed } = v2!;
    expectCount(num_nulls, count, "nulls in the page");
    expect(num_rows === count, `${count} rows in the page, got ${num_rows}`);
    expectCount(repetition_levels_byte_length, 0, "bytes of repetition levels in the page");
    const room = levels > 0 ? Math.min(size, packed.byteLength) : 0;
    const length = expectCount(definition_levels_byte_length, room, "bytes of definition levels in the page");
    if (levels > 0) checkLevels(part(packed, 0, length), width, count);
    if (!dictionary) return count;
    const rest = part(packed, length, packed.byteLength - length);
    page = is_compressed === false ? { view: rest, offset: 0 } : unpack(rest, size - length);
  }
  if (dictionary && page.offset < page.view.byteLength) checkRuns(page, page.view.getUint8(page.offset++), count);
  return count;
}

function checkLevels(view: DataView, width: number, count: number): void {
  const seen = checkRuns({ view, offset: 0 }, width, count);
  expect(seen >= count, `${count} definition levels in the page, got ${seen}`);
}

/** Runs of repeated and of packed values, which hyparquet goes through whole whether or not they are wanted; returns their values. */
function checkRuns(reader: DataReader, width: number, most: number): number {
  let seen = 0;
  while (seen < most && reader.offset < reader.view.byteLength) {
    const header = readVarInt(reader);
    const packed = (header & 1) === 1;
    const count = packed ? (header >>> 1) * 8 : header >>> 1;
    const bytes = packed ? Math.max(1, (header >>> 1) * width) : (width + 7) >> 3;
    const room = packed && width > 0 ? bytes <= reader.view.byteLength - reader.offset : count <= most;
    expect(room, `a run of at most ${most} values, got ${count}`);
    reader.offset += bytes;
    seen += count;
  }
  return seen;
}

/** A page of a column of one value a row, as its header says. */
export interface Page {
  offset: number;
  /** With its header, as it lies in the file. */
  length: number;
  /** Unpacked. */
  bytes: number;
  /** None in a dictionary. */
  rows: number;
  /** Whether it is a dictionary, needs one, or neither. */
  dictionary: "is" | "needs" | null;
}

// Most headers take a hundred bytes; one may hold the least and the most of its values.
const HEADER_BYTES = 512;

/**
 * The pages of a column chunk, by their headers alone; see {@link checkPages} for what they hold.
 *
 * @param read bytes of the file
 * @throws {Error} where they do not follow one another to the chunk's end, or have other rows than `rows`
 */
export async function listPages(
  read: (offset: number, length: number) => Promise<Uint8Array>,
  start: number,
  end: number,
  rows: number,
): Promise<Page[]> {
  const pages: Page[] = [];
  let left = rows;
  for (let offset = start; offset < end - 1; ) {
    const { header, length } = await headerAt(read, offset, end);
    const { type, uncompressed_page_size: bytes, compressed_page_size: packed, data_page_header_v2: v2 } = header;
    expectCount(packed, end - offset - length, "bytes in the page");
    expectCount(bytes, MOST_BYTES, "bytes in the unpacked page");
    const page = { offset, length: length + packed, bytes };
    if (type === "DICTIONARY_PAGE") pages.push({ ...page, rows: 0, dictionary: "is" });
    else {
      const said = v2 ?? header.data_page_header;
      expect(said !== undefined, `pages of values or a dictionary, got ${type}`);
      const count = expectCount(said.num_values, left, "values in the page");
      left -= count;
      const needs = said.encoding === "PLAIN_DICTIONARY" || said.encoding === "RLE_DICTIONARY";
      pages.push({ ...page, rows: count, dictionary: needs ? "needs" : null });
    }
    // Pages without rows would go on for as long as a file has bytes.
    expect(pages.length <= 2 * rows + 2, `at most ${rows} pages, got more`);
    offset += page.length;
  }
  expect(left === 0, `${rows} values in a column, got ${rows - left}`);
  return pages;
}

async function headerAt(
  read: (offset: number, length: number) => Promise<Uint8Array>,
  offset: number,
  end: number,
): Promise<{ header: PageHeader; length: number }> {
  for (let most = HEADER_BYTES; ; most *= 16) {
    const length = Math.min(most, end - offset);
    // A copy, so that what lies behind in the same buffer is not taken for the header's.
    const reader = { view: new ShortNumbers(Uint8Array.from(await read(offset, length)).buffer), offset: 0 };
    try {
      return { header: parquetHeader(reader), length: reader.offset };
    } catch (error) {
      // It goes on behind what was read.
      if (!(error instanceof RangeError) || length === end - offset) throw error;
    }
  }
}

/** hyparquet's long integers take time by the square of their bytes, which nothing else ends. */
class ShortNumbers extends DataView<ArrayBuffer> {
  #run = 0;

  override getUint8(offset: number): number {
    const byte = super.getUint8(offset);
    this.#run = byte < 0x80 ? 0 : this.#run + 1;
    expect(this.#run <= MOST_NUMBER_BYTES, "numbers of at most ten bytes in a header");
    return byte;
  }
}

function part(view: DataView, offset: number, length: number): DataView {
  return new DataView(view.buffer, view.byteOffset + offset, length);
}

function expectCount(count: number | undefined, most: number, what: string): number {
  expect(
    Number.isInteger(count) && count! >= 0 && count! <= most,
    `at most ${most} ${what}, got ${String(count).slice(0, 20)}`,
  );
  return count!;
}

function expect(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}
