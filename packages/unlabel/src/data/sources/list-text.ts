// A list's bytes as text: UTF-8 or UTF-16 as Excel writes them, or Windows' Western letters where it is neither.
import { shellWord } from "../../base/shell.ts";

/** The text without a byte order mark, and what it was written in; null for UTF-8. */
export function decodeText(bytes: Uint8Array): { text: string; encoding: string | null } {
  const utf16 = utf16Of(bytes);
  if (utf16) return { text: new TextDecoder(utf16).decode(bytes), encoding: "UTF-16" };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), encoding: null };
  } catch {
    return { text: new TextDecoder("windows-1252").decode(bytes), encoding: "Windows-1252 (Latin-1)" };
  }
}

/** By its mark, or without one by the zeros between Latin letters. */
function utf16Of(bytes: Uint8Array): "utf-16le" | "utf-16be" | null {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  const head = bytes.subarray(0, 256);
  if (head.length < 8) return null;
  const zeros = (from: number) => head.filter((byte, i) => i % 2 === from && byte === 0).length;
  const most = 0.8 * Math.floor(head.length / 2);
  if (zeros(1) >= most && zeros(0) === 0) return "utf-16le";
  if (zeros(0) >= most && zeros(1) === 0) return "utf-16be";
  return null;
}

/** What a file is that is called a list and holds no text of names; null where it may be one. */
export function otherContent(bytes: Uint8Array, path: string): string | null {
  const head = Buffer.from(bytes.subarray(0, 512)).toString("latin1");
  if (head.startsWith("version https://git-lfs"))
    return "a pointer that Git LFS left in place of it; fetch the file: git lfs pull";
  if (head.startsWith("PK\x03\x04")) return "a spreadsheet or an archive; save its sheet as .csv, or unpack it";
  if (head.startsWith("\x1f\x8b")) return `one packed with gzip; unpack it: gunzip -c ${shellWord(path)} > list.csv`;
  if (/^\s*<(!doctype|html|\?xml)/i.test(head)) return "a page of the web or XML; fetch or write the list again";
  // Of UTF-16 every other byte may be zero.
  const isText = utf16Of(bytes) !== null || !bytes.subarray(0, 4096).includes(0);
  return isText ? null : "bytes that are no text; give a folder or another list";
}
