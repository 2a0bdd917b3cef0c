// What a file is that holds no weights, by its first bytes: a person who named the wrong one wants to know which that was.
import type { ByteSource } from "./file-bytes.ts";

type Format = "safetensors" | "zip" | "pickle" | "index";

const HEAD = 4096;

/** Bytes of known kinds, as latin1, from the start or from a later place. */
const SIGNS: readonly (readonly [sign: string, what: string, at?: number])[] = [
  ["version https://git-lfs", "a Git LFS pointer; git lfs pull brings the file itself"],
  ["<?xml", "an XML file"],
  ["\xff\xd8\xff", "a JPEG image"],
  ["\x89PNG", "a PNG image"],
  ["GIF8", "a GIF image"],
  ["WEBP", "a WebP image", 8],
  ["II*\0", "a TIFF image"],
  ["MM\0*", "a TIFF image"],
  ["\x89HDF", "an HDF5 file (Keras, h5), whose weights have other names than are read here"],
  ["\x93NUMPY", "a NumPy array"],
  ["GGUF", "a GGUF file (llama.cpp)"],
  ["%PDF", "a PDF"],
  ["\x1f\x8b", "a gzip archive; unpack it first"],
  ["BZh", "a bzip2 archive; unpack it first"],
  ["\xfd7zXZ", "an xz archive; unpack it first"],
  ["\x28\xb5\x2f\xfd", "a Zstandard archive; unpack it first"],
  ["PAR1", "a Parquet file"],
  ["ustar", "a tar archive; unpack it first", 257],
  ["TFL3", "a TensorFlow Lite file", 4],
];

/** Members of the tars that PyTorch wrote before 0.1.10. */
const OLD_TAR = ["sys_info", "pickle", "storages", "tensors"].flatMap((name) => [`${name}\0`, `./${name}\0`]);

/** How to read a file, or what it is instead. */
export function whatItIs(file: ByteSource & { path: string }): { format: Format } | { instead: string } {
  if (file.size === 0) return { instead: "an empty file" };
  const bytes = file.read(0, Math.min(HEAD, file.size));
  const head = bytes.toString("latin1");
  if (head.startsWith("PK\x03\x04") || head.startsWith("PK\x05\x06")) return { format: "zip" };
  if (head[8] === "{" && bytes.readBigUInt64LE() < BigInt(file.size)) return { format: "safetensors" };
  if (bytes[0] === 0x80 && bytes[1]! >= 1 && bytes[1]! <= 5) return { format: "pickle" };
  if (file.path.endsWith(".index.json") && /^\s*\{/.test(head)) return { format: "index" };
  if (OLD_TAR.some((member) => head.startsWith(member))) {
    return { instead: "PyTorch's tar of before 0.1.10; open and save it with a PyTorch of 1.x" };
  }
  if (/^\s*(<!doctype html|<html)/i.test(head)) return { instead: "an HTML page (a download that failed?)" };
  const known = SIGNS.find(([sign, , at = 0]) => head.startsWith(sign, at));
  if (known) return { instead: known[1] };
  return byEnding(file.path, bytes, head);
}

function byEnding(path: string, bytes: Buffer, head: string): { format: Format } | { instead: string } {
  const ending = /\.(safetensors|onnx|pth|pt|bin|ckpt|pkl|pickle)$/i.exec(path)?.[1]?.toLowerCase();
  if (ending === "onnx") return { instead: "an ONNX file, whose weights have lost their names" };
  if (ending === "safetensors") return { instead: "a damaged file: it has no header of safetensors" };
  // Protocols 0 and 1 begin with any of these.
  if (ending !== undefined && /^[(}\]c]/.test(head)) return { format: "pickle" };
  if (/^\s*[{[]/.test(head)) return { instead: "a JSON file" };
  if (bytes.every((byte) => byte >= 0x20 || (byte >= 9 && byte <= 13))) return { instead: "a text file" };
  const unknown = "a file of a kind unknown here";
  return { instead: ending === undefined ? unknown : `a damaged file, or ${unknown}` };
}
