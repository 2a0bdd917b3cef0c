// Large row groups, in parts: every image as it was written, and batches of many classes where a file is sorted by class.
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { SchemaElement } from "hyparquet";
import { parquetMetadata } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import { expect, it } from "vitest";
import { UserError } from "../../base/errors.ts";
import { sourceFolder } from "../../testing/sources.ts";
import type { Dataset, Item, Split } from "../folder.ts";
import { imagesOf } from "../images.ts";
import type { AnyImage } from "../input.ts";
import { openData } from "../open.ts";
import { drawnSample } from "../sample.ts";

const folder = sourceFolder();

/** Bytes that no two images share. */
function imageOf(kind: number, size: number): Uint8Array {
  const data = new Uint8Array(size).fill(kind % 251);
  new DataView(data.buffer).setUint32(0, kind);
  return data;
}

/** Compared so: byte by byte it takes minutes. */
function hash(image: AnyImage): string {
  return createHash("sha256")
    .update(image as Uint8Array)
    .digest("hex");
}

async function readWhole(split: Split, items: readonly Item[]): Promise<string[]> {
  return (await imagesOf(split, items)).map(hash);
}

function classesOfBatches(data: Dataset, batch: number): number[] {
  const order = data.train.order!(1, 0);
  expect([...order].sort((a, b) => a - b)).toEqual(data.train.items.map((_, i) => i));
  return Array.from({ length: Math.floor(order.length / batch) }, (_, b) => {
    const labels = [...order.slice(b * batch, (b + 1) * batch)].map((index) => data.train.items[index]!.label);
    return new Set(labels).size;
  });
}

it("mixes classes in every batch, though a file is sorted by them and a row group is larger than a window", async () => {
  // Two classes in two row groups of 60 MB.
  const [size, each] = [100_000, 600];
  const buffer = parquetWriteBuffer({
    columnData: [
      { name: "image", data: Array.from({ length: 2 * each }, (_, i) => imageOf(i, size)), type: "BYTE_ARRAY" },
      { name: "label", data: Array.from({ length: 2 * each }, (_, i) => Math.floor(i / each)), type: "INT32" },
    ],
    codec: "UNCOMPRESSED",
    rowGroupSize: each,
  });
  expect(parquetMetadata(buffer).row_groups.map((group) => Number(group.total_byte_size) > 48e6)).toEqual([true, true]);
  const path = folder.put("sorted.parquet", new Uint8Array(buffer));
  const data = await openData(path);
  const counts = classesOfBatches(data, 32);
  expect(counts).toHaveLength(37);
  // The last window holds what is left, which may be little.
  expect(counts.slice(0, 28).every((count) => count === 2)).toBe(true);

  const sample = drawnSample(data.train, 700, 1);
  // 48 MB of images and no more, of both classes.
  expect(sample.items.length).toBeLessThanOrEqual(480);
  expect(sample.items.length).toBeGreaterThan(400);
  expect(new Set(sample.items.map(({ label }) => label)).size).toBe(2);
  const images = await imagesOf(sample, sample.items.slice(0, 50));
  expect(images.map(hash)).toEqual(sample.items.slice(0, 50).map(({ at }) => hash(imageOf(at!, size))));

  // Its pages are listed once.
  expect(readdirSync(join(folder.path, "cache", "parquet"))).toHaveLength(1);
  const again = await openData(path);
  expect(again.fingerprint).toBe(data.fingerprint);
  expect(drawnSample(again.train, 700, 1).items).toEqual(sample.items);
});

const NESTED: SchemaElement[] = [
  { name: "root", num_children: 2 },
  { name: "image", num_children: 2, repetition_type: "OPTIONAL" },
  { name: "bytes", type: "BYTE_ARRAY", repetition_type: "OPTIONAL" },
  { name: "path", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" },
  { name: "label", type: "INT32", repetition_type: "OPTIONAL" },
];

it.each([
  ["plain", false, "UNCOMPRESSED", 1 << 20],
  ["packed", false, "SNAPPY", 1 << 20],
  ["with paths beside them", true, "SNAPPY", 300_000],
  ["in pages larger than a part", false, "UNCOMPRESSED", 5e6],
] as const)("gives every image as it was written: %s", async (_, isNested, codec, pageSize) => {
  // Nine megabytes in the first row group, a hundred kilobytes in the second; some images are not there.
  const images = Array.from({ length: 100 }, (_, i) =>
    i % 9 === 4 ? null : imageOf(i, i < 90 ? 110_000 + i : 10_000),
  );
  const cells = isNested ? images.map((bytes, i) => (i === 7 ? null : { bytes, path: `${i}.jpg` })) : images;
  const image = { name: "image", data: cells, ...(!isNested && { type: "BYTE_ARRAY" as const, nullable: true }) };
  const label = { name: "label", data: images.map((_, i) => i % 3), type: "INT32" as const };
  const columnData = isNested ? [image, { name: "label", data: label.data }] : [image, label];
  const options = { codec, pageSize, rowGroupSize: [90, 10] };
  const buffer = parquetWriteBuffer({ columnData, ...options, ...(isNested && { schema: NESTED }) });
  const { train } = await openData(folder.put("some.parquet", new Uint8Array(buffer)));
  const wanted = images.map((one, i) => (one === null || (isNested && i === 7) ? new Uint8Array() : one));
  const backwards = [...train.items].reverse();
  expect(await readWhole(train, backwards)).toEqual(wanted.toReversed().map(hash));
  expect(await readWhole(train, [train.items[42]!, train.items[95]!])).toEqual([wanted[42]!, wanted[95]!].map(hash));
});

it("gives images by a dictionary, which goes with the parts that need it", async () => {
  const { train } = await openData(
    fileURLToPath(new URL("../../../../../fixtures/large-row-group.parquet", import.meta.url)),
  );
  const wanted = train.items.map((_, i) => (i % 7 === 3 ? new Uint8Array() : imageOf(i, 100_000)));
  expect(wanted).toHaveLength(70);
  expect(await readWhole(train, [...train.items].reverse())).toEqual(wanted.toReversed().map(hash));
  for (const item of [0, 9, 12, 40, 69])
    expect(await readWhole(train, [train.items[item]!])).toEqual([hash(wanted[item]!)]);
});

it("refuses a file whose pages are not what its row groups say", async () => {
  const buffer = parquetWriteBuffer({
    columnData: [
      { name: "image", data: Array.from({ length: 50 }, (_, i) => imageOf(i, 100_000)), type: "BYTE_ARRAY" },
    ],
    codec: "UNCOMPRESSED",
  });
  const bytes = new Uint8Array(buffer);
  const start = Number(parquetMetadata(buffer).row_groups[0]!.columns[0]!.meta_data!.data_page_offset);
  for (const [change, message] of [
    [(copy: Uint8Array) => copy.fill(0xff, start, start + 40), /Expected a whole Parquet file in .*bad\.parquet: /],
    [(copy: Uint8Array) => copy.fill(0, start, start + 3e6), /pages of values or a dictionary, got|bytes in the page/],
  ] as const) {
    const copy = bytes.slice();
    change(copy);
    const path = folder.put("bad.parquet", copy);
    await expect(openData(path)).rejects.toThrow(UserError);
    await expect(openData(path)).rejects.toThrow(message);
  }
});
