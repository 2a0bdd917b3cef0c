// Images decoded whole of which only a part was wanted: the next part is most often of the same one.
import { stat } from "node:fs/promises";

/** Bytes kept at most. */
const MOST_BYTES = 128e6;

interface Kept {
  value: Promise<Uint8Array>;
  bytes: number;
}

const kept = new Map<string, Kept>();

/**
 * The bytes that `make` makes of a file, kept for whoever asks next as long as the file is the same; of bytes from memory, and where
 * they are too many, made anew.
 *
 * @param bytes how many there will be
 */
export async function keptOf(
  file: string | Uint8Array,
  bytes: number,
  make: () => Promise<Uint8Array>,
): Promise<Uint8Array> {
  if (typeof file !== "string" || bytes > MOST_BYTES) return make();
  const { size, mtimeMs, ino } = await stat(file);
  const key = [file, size, mtimeMs, ino].join("\0");
  const known = kept.get(key);
  if (known) {
    kept.delete(key);
    kept.set(key, known);
    return known.value;
  }
  const value = make();
  kept.set(key, { value, bytes });
  value.catch(() => kept.delete(key));
  let total = 0;
  for (const one of kept.values()) total += one.bytes;
  for (const [other, one] of kept) {
    if (total <= MOST_BYTES) break;
    kept.delete(other);
    total -= one.bytes;
  }
  return value;
}
