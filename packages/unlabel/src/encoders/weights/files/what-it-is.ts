// What a file is that holds no weights, by its first bytes: a person who named the wrong one wants to know which that was.
import type { ByteSource } from "./file-bytes.ts";

type Format = "safetensors" | "zip" | "pickle" | "index";

const HEAD = 4096;

/** Bytes of known kinds, as latin1, from the start or from a later place. */
const SIGNS: readonly (readonly [sign: string, what: string, at?: number])[] = [
  ["version https://git-lfs", "a Git LFS pointer; git lfs pull brings the file itself"],
  ["<?xml", "an XML file (a download that failed?)"],
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

const ONNX_WRITERS = /^(pytorch|onnx|tf2onnx|skl2onnx|keras2onnx|optimum|unlabel)/i;
const ONNX_FILE = "an ONNX file, whose weights have lost their names; give the weights that it was exported from";

/** Members of the tars that PyTorch wrote before 0.1.10. */
const OLD_TAR = ["sys_info", "pickle", "storages", "tensors"].flatMap((name) => [`${name}\0`, `./${name}\0`]);

/** How to read a file, or what it is instead. */
export function whatItIs(file: ByteSource & { path: string }): { format: Format } | { instead: string } {
  if (file.size === 0) return { instead: "an empty file" };
  const bytes = file.read(0, Math.min(HEAD, file.size));
  const head = bytes.toString("latin1");
  if (head.startsWith("PK\x03\x04") || head.startsWith("PK\x05\x06")) return { format: "zip" };
  if (head[8] === "{" && bytes.readBigUInt64LE() < BigInt(file.size)) return { format: "safetensors" };
  if (head[8] === "{" && bytes.readUInt32LE(4) === 0) {
    const header = 8 + bytes.readUInt32LE();
    return { instead: `a file that is cut off: its header alone takes ${header} bytes, and it has ${file.size}` };
  }
  if (bytes[0] === 0x80 && bytes[1]! >= 1 && bytes[1]! <= 5) return { format: "pickle" };
  if (file.path.endsWith(".index.json") && /^\s*\{/.test(head)) return { format: "index" };
  if (OLD_TAR.some((member) => head.startsWith(member))) {
    return { instead: "PyTorch's tar of before 0.1.10; open and save it with a PyTorch of 1.x" };
  }
  const text = head.startsWith("\xef\xbb\xbf") ? head.slice(3) : head;
  if (/^\s*(<!--[^>]*-->\s*)?(<!doctype html|<html)/i.test(text)) {
    return { instead: "an HTML page (a download that failed?)" };
  }
  if (bytes.every((byte) => byte === 0)) return { instead: "zeros from its first byte on (a download that failed?)" };
  const known = SIGNS.find(([sign, , at = 0]) => head.startsWith(sign, at));
  if (known) return { instead: known[1] };
  return byEnding(file.path, bytes, head);
}

/** ONNX has no mark of its own: the fields of its version and of who wrote it come first. */
function isOnnx(head: string): boolean {
  return head[0] === "\x08" && head[2] === "\x12" && ONNX_WRITERS.test(head.slice(4));
}

/** What pickles of protocols 0 and 1 begin with: a mark or a container and what comes next, or the name of a class in two lines. */
const OLD_PICKLE = /^(\([dlticSVIJKMLFGNUTX(}\])]|[\])}][pqr(.]|c[\w.]+\n[\w.]+\n|L\d+L\n\.)/;

function byEnding(path: string, bytes: Buffer, head: string): { format: Format } | { instead: string } {
  const ending = /\.(safetensors|onnx|pth|pt|bin|ckpt|pkl|pickle)$/i.exec(path)?.[1]?.toLowerCase();
  if (ending === "onnx" || isOnnx(head)) return { instead: ONNX_FILE };
  if (ending === "safetensors") return { instead: "a damaged file: it has no header of safetensors" };
  if (ending !== undefined && OLD_PICKLE.test(head)) return { format: "pickle" };
  if (/^\s*[{[]/.test(head)) return { instead: "a JSON file" };
  if (bytes.every((byte) => byte >= 0x20 || (byte >= 9 && byte <= 13))) return { instead: "a text file" };
  const unknown = "a file of a kind unknown here";
  return { instead: ending === undefined ? unknown : `a damaged file, or ${unknown}` };
}
