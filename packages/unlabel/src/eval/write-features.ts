// Features on disk: NumPy's .npy with a .rows.csv beside it, Parquet, safetensors, or one wide .csv. Whole or not there.
import { dirname } from "node:path";
import { saveSafetensors, type Tensor, tensor } from "@unlabel/torch";
import { parquetWriteBuffer } from "hyparquet-writer";
import { makeFolder, writeAtomically, writePieces, writeWhole } from "../base/files.ts";
import type { ClassName } from "../data/folder.ts";
import { nameOf } from "../data/names.ts";
import type { Row } from "./encode-data.ts";
import { formatOf, rowsBeside } from "./feature-files.ts";

/**
 * Writes features `[N, D]`, or `[N, h, w, D]` in .npy and .safetensors, with path, split and class (empty without one) of each row.
 *
 * @param metadata strings kept in the header, in the formats that have one
 * @returns the files written
 */
export function writeFeatures(
  file: string,
  features: Tensor,
  rows: readonly Row[],
  classes: readonly ClassName[],
  metadata: Record<string, string>,
): string[] {
  makeFolder(dirname(file));
  const names = rows.map(({ split, item }) => ({
    path: nameOf(item),
    split: split.name,
    class: classes[item.label]?.name ?? "",
  }));
  const dim = features.shape[1]!;
  const values = features.toArray() as Float32Array;
  switch (formatOf(file)) {
    case "npy": {
      const list = rowsBeside(file);
      const listed = names.map((row) => Object.values(row));
      writeWhole(list, (open) => writePieces(open, csv(listed)));
      writeWhole(file, (open) => writePieces(open, npy(values, features.shape)));
      return [file, list];
    }
    case "csv":
      writeWhole(file, (open) => writePieces(open, csv(withValues(names, values, dim), dim)));
      return [file];
    case "parquet":
      writeAtomically(file, parquet(names, values, dim, metadata));
      return [file];
    case "safetensors": {
      using labels = tensor(Int32Array.from(rows, ({ item }) => item.label));
      const lists = {
        paths: JSON.stringify(names.map(({ path }) => path)),
        splits: JSON.stringify(names.map(({ split }) => split)),
        classes: JSON.stringify(classes.map(({ name }) => name)),
      };
      saveSafetensors(file, { features, labels }, { ...metadata, ...lists });
      return [file];
    }
  }
}

function at(values: Float32Array, row: number, dim: number): Float32Array {
  return values.subarray(row * dim, (row + 1) * dim);
}

/** One at a time: of all together there would be no room for the longest. */
function* withValues(names: readonly Record<string, string>[], values: Float32Array, dim: number) {
  for (const [n, row] of names.entries()) yield [...Object.values(row), ...at(values, n, dim)];
}

/** Rows under the head `path,split,class`, then `f0`, `f1`, …; as RFC 4180 wants it but for the line ends. */
function* csv(rows: Iterable<(string | number)[]>, dim = 0): Generator<Buffer> {
  const head = ["path", "split", "class", ...Array.from({ length: dim }, (_, i) => `f${i}`)];
  let text = `${head.join(",")}\n`;
  // Piece by piece: one text of all would exceed the longest that there is.
  for (const row of rows) {
    text += `${row.map(cell).join(",")}\n`;
    if (text.length < MEGABYTE) continue;
    yield Buffer.from(text);
    text = "";
  }
  yield Buffer.from(text);
}

const MEGABYTE = 1 << 20;

function cell(value: string | number): string {
  if (typeof value === "number") return String(value);
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

/** NumPy's format 1.0: magic, version, length of the header, header, values in C order. */
function npy(values: Float32Array, shape: number[]): Uint8Array[] {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(", ")}), }`;
  // The values begin at a multiple of 64 bytes, and the header ends with a line break.
  const header = `${text.padEnd(64 * Math.ceil((text.length + 11) / 64) - 11)}\n`;
  const start = Buffer.alloc(10);
  start.write("\x93NUMPY\x01\x00", "latin1");
  start.writeUInt16LE(header.length, 8);
  return [start, Buffer.from(header), new Uint8Array(values.buffer, values.byteOffset, values.byteLength)];
}

function parquet(
  names: Record<"path" | "split" | "class", string>[],
  values: Float32Array,
  dim: number,
  metadata: Record<string, string>,
): Uint8Array {
  const columns = ["path", "split", "class"] as const;
  const text = (name: string) =>
    ({ name, type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" }) as const;
  const buffer = parquetWriteBuffer({
    schema: [
      { name: "root", num_children: 4 },
      ...columns.map(text),
      { name: "features", converted_type: "LIST", repetition_type: "REQUIRED", num_children: 1 },
      { name: "list", repetition_type: "REPEATED", num_children: 1 },
      { name: "element", type: "FLOAT", repetition_type: "REQUIRED" },
    ],
    columnData: [
      ...columns.map((name) => ({ name, data: names.map((row) => row[name]) })),
      { name: "features", data: names.map((_, n) => Array.from(at(values, n, dim))) },
    ],
    kvMetadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  });
  return new Uint8Array(buffer);
}
