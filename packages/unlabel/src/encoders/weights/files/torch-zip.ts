// PyTorch's checkpoints since 1.6: a zip archive of a pickle and of storages, which lie there uncompressed.
import { crc32 } from "node:zlib";
import { type ByteSource, sourceOf } from "./file-bytes.ts";
import { type Contents, contentsOf } from "./pickle/contents.ts";
import { Cursor } from "./pickle/cursor.ts";
import { InertLog } from "./pickle/machine-state.ts";
import { unpickle } from "./pickle/unpickle.ts";
import { Inert, type Storage, type Tuple } from "./pickle/values.ts";
import { storageName } from "./torch-storages.ts";
import { type ZipRecord, zipRecords } from "./zip-records.ts";

/** No checkpoint's pickle is longer; its numbers lie outside of it. */
const MOST_PICKLE = 1 << 28;

/** @throws {UserError} where the archive is damaged, or no checkpoint */
export async function readTorchZip(file: ByteSource): Promise<Contents> {
  const records = await zipRecords(file);
  const names = [...records.keys()];
  const name = names.filter((one) => /(^|\/)data\.pkl$/.test(one)).sort((a, b) => a.length - b.length)[0];
  if (name === undefined) return file.refuse(`Expected PyTorch's data.pkl in the archive, got ${told(names)}`);
  const root = name.slice(0, -"data.pkl".length);
  if (names.some((one) => one.startsWith(`${root}code/`)) || records.has(`${root}constants.pkl`)) {
    file.refuse("Expected a state dict, got a TorchScript program; save its state_dict() with torch.save");
  }
  const order = records.get(`${root}byteorder`);
  if (order?.size === 3 && order.read(0, 3).toString() === "big") {
    file.refuse("Expected numbers in little-endian order, got big-endian; save it again on a usual machine");
  }
  const pickle = records.get(name)!;
  if (pickle.size > MOST_PICKLE) file.refuse(`Expected a pickle of at most ${MOST_PICKLE} bytes, got ${pickle.size}`);
  const log = new InertLog();
  const bytes = pickle.read(0, pickle.size);
  // PyTorch can be told to compute no checksums: then that of the pickle is wrong, too.
  const checked = crc32(bytes) === pickle.crc32;
  const source = sourceOf(bytes, file);
  const load = (id: Tuple) => storageOf(id, root, records, checked, file);
  return contentsOf(unpickle(new Cursor(source), load, log), log, file);
}

function storageOf(
  id: Tuple,
  root: string,
  records: ReadonlyMap<string, ZipRecord>,
  checked: boolean,
  file: ByteSource,
): Storage | Inert {
  const name = storageName(id);
  if (name === null) return new Inert("torch.storage", id.items);
  const record = records.get(`${root}data/${name.key}`);
  if (record === undefined) return file.refuse(`Expected storage ${name.key} in the archive, got none: it is damaged`);
  const byteLength = name.elements * name.bytes;
  if (byteLength > record.size) {
    file.refuse(
      `Expected ${name.elements} elements (${byteLength} bytes) in storage ${name.key}, got ${record.size} bytes: it is cut off or damaged`,
    );
  }
  const read = (begin: number, length: number) => {
    const bytes = record.read(begin, length);
    if (checked && length === record.size && crc32(bytes) !== record.crc32) {
      file.refuse(`Expected storage ${name.key} as its checksum has it, got other bytes: it is damaged`);
    }
    return bytes;
  };
  return { dtype: name.dtype, byteLength, read };
}

/** Archives of other programs, by a name that is in them. */
const OTHERS: readonly (readonly [sign: RegExp, what: string])[] = [
  [
    /(^|\/)(serialized_exported_program\.json|models\/model\.json|archive_format)$/,
    "a program of torch.export; save the module's state_dict() with torch.save",
  ],
  [/(^|\/)model\.weights\.h5$/, "a model of Keras, whose weights have other names than are read here"],
  [/\.npy$/, "NumPy's arrays (.npz); save them with torch.save or as safetensors"],
  [/^word\/|^xl\/|^ppt\//, "an office document"],
];

function told(names: readonly string[]): string {
  if (names.length === 0) return "an empty one";
  const other = OTHERS.find(([sign]) => names.some((name) => sign.test(name)));
  if (other) return other[1];
  return `${names.slice(0, 3).join(", ")}${names.length > 3 ? ` and ${names.length - 3} more` : ""}`;
}
