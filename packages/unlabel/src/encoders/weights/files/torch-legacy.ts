// PyTorch's checkpoints before 1.6 (and plain pickles): pickles one behind the other (a magic number, the format's version, facts of the
// machine, the object itself, keys of storages), then each storage's length and elements.
import type { ByteSource } from "./file-bytes.ts";
import { type Contents, contentsOf } from "./pickle/contents.ts";
import { Cursor } from "./pickle/cursor.ts";
import { InertLog } from "./pickle/machine-state.ts";
import { unpickle } from "./pickle/unpickle.ts";
import { Dict, Inert, type Storage, Tuple } from "./pickle/values.ts";
import { type StorageName, storageName } from "./torch-storages.ts";

const MAGIC = 0x1950a86a20f9469cfc6cn;
const VERSION = 1001;

/** A storage whose place is known once the keys have been read. */
class Placed {
  readonly name: StorageName;
  position: number | null = null;

  constructor(name: StorageName) {
    this.name = name;
  }
}

/** @returns also which of the two the file is */
export function readTorchLegacy(file: ByteSource): Contents & { format: "PyTorch before 1.6" | "a pickle" } {
  const log = new InertLog();
  const cursor = new Cursor(file);
  const storages = new Map<string, Placed>();
  const next = () => unpickle(cursor, (id) => storageOf(id, storages, file), log);
  const first = next();
  if (first !== MAGIC) return { ...contentsOf(first, log, file), format: "a pickle" };
  if (next() !== VERSION) file.refuse(`Expected version ${VERSION} of PyTorch's format, got another`);
  const machine = next();
  if (machine instanceof Dict && machine.items.get("little_endian") === false) {
    file.refuse("Expected numbers in little-endian order, got big-endian; save it again on a usual machine");
  }
  const root = next();
  const keys = next();
  if (!Array.isArray(keys)) return file.refuse("Expected a list of storages behind the pickle, got something else");
  let position = cursor.position;
  for (const key of keys) {
    const storage = storages.get(String(key));
    if (storage === undefined) return file.refuse(`Expected a storage that is used, got ${String(key)}: it is damaged`);
    const length = file.read(position, 8).readBigInt64LE();
    const { elements, bytes } = storage.name;
    if (length !== BigInt(elements))
      file.refuse(`Expected ${elements} elements in a storage, got ${length}: it is damaged`);
    storage.position = position + 8;
    position += 8 + elements * bytes;
  }
  if (position > file.size) file.refuse(`Expected ${position} bytes, got ${file.size}: it is cut off`);
  if ([...storages.values()].some((storage) => storage.position === null)) {
    file.refuse("Expected each storage behind the pickle, got one less: it is damaged");
  }
  return { ...contentsOf(root, log, file), format: "PyTorch before 1.6" };
}

function storageOf(id: Tuple, storages: Map<string, Placed>, file: ByteSource): unknown {
  if (id.items[0] === "module") return id.items[1];
  const name = storageName(id);
  if (name === null) return new Inert("torch.storage", id.items);
  const byteLength = name.elements * name.bytes;
  if (!(byteLength <= file.size)) {
    file.refuse(
      `Expected a storage within the file's ${file.size} bytes, got one of ${byteLength}: it is cut off or damaged`,
    );
  }
  const known = storages.get(name.key);
  const placed = known ?? new Placed(name);
  if (!known) storages.set(name.key, placed);
  else if (known.name.elements !== name.elements || known.name.bytes !== name.bytes) {
    file.refuse(`Expected one length for storage ${name.key}, got two: it is damaged`);
  }
  return viewed(placed, name, file);
}

/** The part of a storage that an id names: several ids may name parts of one. */
function viewed(placed: Placed, { dtype, bytes, elements, view }: Placed["name"], file: ByteSource): Storage {
  const whole = elements * bytes;
  const [, from = 0, size = null] = view instanceof Tuple ? view.items : [];
  const start = Number(from) * bytes;
  const byteLength = size === null ? whole : Number(size) * bytes;
  if (!(start >= 0 && byteLength >= 0 && start + byteLength <= whole)) {
    file.refuse("Expected a part of a storage to lie within it, got one that does not: it is damaged");
  }
  return {
    dtype,
    byteLength,
    read(begin, length) {
      const { position } = placed;
      if (position === null) return file.refuse("Expected each storage behind the pickle, got one less: it is damaged");
      return file.read(position + start + begin, length);
    },
  };
}
