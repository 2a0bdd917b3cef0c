// How much memory the process that reads damaged images may take, from the reader's own bounds.
import { DECODE_BYTES } from "../../data/foreign.ts";

/** The reader's options in that process. */
export const READER = { cacheBytes: 16e6, threads: 2 };

/** `max_bytes` of native/jpeg.cc: what a JPEG of several scans takes on a thread; those of one scan take some rows. */
const JPEG_BYTES = 192e6;

/** Node, sharp and the code take some 100 MiB; as much again for what glibc keeps of freed memory, and small change. */
const PROCESS_BYTES = 200 * 2 ** 20;

/**
 * In MiB, as peaks are measured: process + images other than JPEG in the making + one JPEG a thread + decoded images kept
 * = 200 + (640 + 2 · 192 + 16) · 10⁶ / 2²⁰ = 1191.
 */
export const MOST_MB = Math.floor(
  (PROCESS_BYTES + DECODE_BYTES + READER.threads * JPEG_BYTES + READER.cacheBytes) / 2 ** 20,
);
