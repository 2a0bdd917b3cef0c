// What a file is that holds no weights, by its first bytes: a person who named the wrong one wants to know which that was.
import type { ByteSource } from "./file-bytes.ts";

type Format = "safetensors" | "zip" | "pickle" | "index";

const HEAD = 4096;

/** Beginnings of files, as latin1 text. */
const BEGINNINGS: readonly (readonly [beginning: RegExp, what: string])[] = [
  [/^version https:\/\/git-lfs/, "a Git LFS pointer; git lfs pull brings the file itself"],
  [/^\s*(<!doctype html|<html)/i, "an HTML page (a download that failed?)"],
  [/^\s*<\?xml/, "an XML file"],
  [/^\xff\xd8\xff/, "a JPEG image"],
  [/^\x89PNG/, "a PNG image"],
  [/^GIF8/, "a GIF image"],
  [/^RIFF[\s\S]{4}WEBP/, "a WebP image"],
  [/^(II\*\0|MM\0\*|II\+\0)/, "a TIFF image"],
  [/^\x89HDF/, "an HDF5 file (Keras, h5); Keras writes no weights that are read here"],
  [/^\x93NUMPY/, "a NumPy array"],
  [/^GGUF/, "a GGUF file (llama.cpp)"],
  [/^%PDF/, "a PDF"],
  [/^\x1f\x8b/, "a gzip archive; unpack it first"],
  [/^(BZh|\xfd7zXZ|\x28\xb5\x2f\xfd)/, "a packed archive; unpack it first"],
  [/^PAR1/, "a Parquet file"],
  [/^[\s\S]{257}ustar/, "a tar archive; unpack it first"],
  [/^TFL3|^[\s\S]{4}TFL3/, "a TensorFlow Lite file"],
  [/^\x08[\x01-\x0f]\x12[\s\S]{1,40}(pytorch|onnx|tf2onnx|unlabel)/, "an ONNX file, whose weights have lost their names"],
];

/** How to read a file, or what it is instead. */
export function whatItIs(file: ByteSource & { path: string }): { format: Format } | { instead: string } {
  if (file.size === 0) return { instead: "an empty file" };
  const bytes = file.read(0, Math.min(HEAD, file.size));
  const head = bytes.toString("latin1");
  if (head.startsWith("PK\x03\x04") || head.startsWith("PK\x05\x06")) return { format: "zip" };
  if (/^[\s\S]{7}\0\{|^[\s\S]{8}\{/.test(head) && bytes.readBigUInt64LE() < BigInt(file.size)) {
    return { format: "safetensors" };
  }
  if (/^\x80[\x01-\x05]/.test(head)) return { format: "pickle" };
  if (/\.index\.json$/.test(file.path) && /^\s*\{/.test(head)) return { format: "index" };
  if (isOldTar(head, bytes)) return { instead: "PyTorch's tar of before 0.1.10; open and save it with a PyTorch of 1.x" };
  const known = BEGINNINGS.find(([beginning]) => beginning.test(head));
  if (known) return { instead: known[1] };
  const ending = /\.(safetensors|pth|pt|bin|ckpt|pkl|pickle)$/i.exec(file.path)?.[1]?.toLowerCase();
  if (ending === "safetensors") return { instead: "a damaged file: it has no header of safetensors" };
  // Protocols 0 and 1 begin with any of these.
  if (ending !== undefined && /^[(}\]c]/.test(head)) return { format: "pickle" };
  if (/^\s*[{[]/.test(head)) return { instead: "a JSON file" };
  if (!/[\0-\x08\x0e-\x1a]/.test(head)) return { instead: "a text file" };
  return { instead: ending === undefined ? "a file of a kind unknown here" : "a damaged file, or one of a kind unknown here" };
}

/** A tar whose first member is one of PyTorch's. */
function isOldTar(head: string, bytes: Buffer): boolean {
  return bytes.length > 262 && /^(\.\/)?(sys_info|pickle|storages|tensors)\0/.test(head);
}
