// Parquet pages that claim what they do not hold, each a change of a few bytes in a small whole file.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parquetMetadata } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterEach, beforeEach, expect, it } from "vitest";
import { UserError } from "../../base/errors.ts";
import { temporaryFolder } from "../../testing/data.ts";
import { imagesOf } from "../images.ts";
import { openData } from "../open.ts";

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder[Symbol.dispose]());

// Where a page header of the second version has its numbers, while each takes one byte.
const PACKED = 5;
const DESCRIPTION = 7;
const VALUES = 8;
const NULLS = 10;
const LEVEL_BYTES = 16;
const BODY = 21;
/** A run of 2^31 - 1 times the value 1. */
const ENDLESS = [0xfe, 0xff, 0xff, 0xff, 0x0f, 1];

/** A page's description and levels from its count on, for one value. */
const ONE_VALUE = [2, 0x15, 0, 0x15, 2, 0x15, 0, 0x15, 4, 0x15, 0, 0, 0, 2, 1];

/** A file of images that may be null, and its only data page's place. */
function whole(images: string[], pageSize?: number): { bytes: Uint8Array; page: number } {
  const data = images.map((image) => new TextEncoder().encode(image));
  const buffer = parquetWriteBuffer({
    columnData: [{ name: "image", data, type: "BYTE_ARRAY" }],
    codec: "UNCOMPRESSED",
    ...(pageSize && { pageSize }),
  });
  const page = Number(parquetMetadata(buffer).row_groups[0]!.columns[0]!.meta_data!.data_page_offset);
  return { bytes: new Uint8Array(buffer), page };
}

async function read(bytes: Uint8Array): Promise<string[]> {
  const path = join(folder.path, "strange.parquet");
  writeFileSync(path, bytes);
  const { train } = await openData(path);
  return (await imagesOf(train, train.items)).map((image) => Buffer.from(image as Uint8Array).toString());
}

async function refusal(bytes: Uint8Array): Promise<string> {
  const error = await read(bytes).then(
    () => null,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(UserError);
  const { message } = error as UserError;
  expect(message).toMatch(/^Expected a whole Parquet file in .*strange\.parquet: [^\n]*$/);
  return message;
}

it("lets whole pages through: one or many, with a dictionary or without", async () => {
  expect(await read(whole(["one", "two"]).bytes)).toEqual(["one", "two"]);
  const many = Array.from({ length: 40 }, (_, i) => `image ${i}`);
  expect(await read(whole(many, 32).bytes)).toEqual(many);
  const repeated = many.map((_, i) => many[i % 3]!);
  expect(await read(whole(repeated).bytes)).toEqual(repeated);
});

it.each([
  [
    "a page that does not say how many values it has, and a run without end",
    DESCRIPTION,
    [0, 0, ...ENDLESS],
    /got und/,
  ],
  ["more values than rows", VALUES, [126], /at most 2 values in the page, got 63/],
  ["fewer than no values", VALUES, [1], /at most 2 values in the page, got -1/],
  ["fewer values than rows", VALUES, ONE_VALUE, /^.*: 2 values in a column, got 1/],
  ["more nulls than values", NULLS, [6], /at most 2 nulls in the page, got 3/],
  ["a page that ends behind its column", PACKED, [126], /bytes in the page, got 63/],
  ["a page that ends before it begins", PACKED, [1], /bytes in the page, got -1/],
  ["levels longer than their page", LEVEL_BYTES, [126], /bytes of definition levels in the page, got 63/],
  ["a run without end", LEVEL_BYTES, [12, 0x15, 0, 0, 0, ...ENDLESS], /a run of at most 2 values, got 2147483647/],
])("refuses %s", async (_, at, patch, message) => {
  const { bytes, page } = whole(["first", "second"]);
  const reader = { view: new DataView(bytes.buffer), offset: page };
  expect(parquetHeader(reader).data_page_header_v2).toMatchObject({ num_values: 2, num_rows: 2, num_nulls: 0 });
  expect(reader.offset - page).toBe(BODY);
  bytes.set(patch, page + at);
  expect(await refusal(bytes)).toMatch(message);
});

it("refuses a run without end of places in the dictionary", async () => {
  const { bytes, page } = whole(Array.from({ length: 40 }, (_, i) => (i < 20 ? "one" : "two")));
  const reader = { view: new DataView(bytes.buffer), offset: page };
  const { data_page_header_v2: said, compressed_page_size: size } = parquetHeader(reader);
  expect(said?.encoding).toBe("RLE_DICTIONARY");
  const places = reader.offset + said!.definition_levels_byte_length + 1;
  expect(reader.offset + size - places).toBeGreaterThanOrEqual(2);
  bytes.set([0xfe, 0x7f], places);
  expect(await refusal(bytes)).toMatch(/a run of at most 40 values, got 8191/);
});

it("refuses a number without end at the end of the file", async () => {
  const digits = 400_000;
  const bytes = new Uint8Array(4 + 1 + digits + 8).fill(0xff);
  bytes.set(new TextEncoder().encode("PAR1"), 0);
  bytes[4] = 0x16;
  new DataView(bytes.buffer).setUint32(bytes.length - 8, digits + 1, true);
  bytes.set(new TextEncoder().encode("PAR1"), bytes.length - 4);
  expect(await refusal(bytes)).toMatch(/numbers of at most ten bytes/);
});

it("refuses a schema that counts columns which are not there", async () => {
  const { bytes } = whole(["one"]);
  // The root's name and how many columns it has.
  const root = Buffer.from(bytes).lastIndexOf(Buffer.from([4, ...Buffer.from("root"), 0x15, 2]));
  expect(root).toBeGreaterThan(0);
  bytes[root + 6] = 40;
  await refusal(bytes);
});
