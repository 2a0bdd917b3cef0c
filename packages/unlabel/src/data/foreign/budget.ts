// The memory that all images in the making take together, and how many files are open at once.

/**
 * Bytes that images in the making take together at most, from the first decoded row until their views are made; the next wait,
 * and an image that takes more by itself is refused. Within that, a whole batch waits in libuv's own queue, which goes on while
 * the JavaScript thread is busy.
 */
export const DECODE_BYTES = 640e6;

/** The most pixels of an image that is read whole. */
export const MAX_PIXELS = 100_000_000;
/** Along one side, as JPEG has it and the native resize takes it. */
const MAX_SIDE = 65_500;
/** Why a larger one is not read. */
export const TOO_MANY_PIXELS = "at most 100 million pixels are read";

let promised = 0;
const waiting: { bytes: number; admit: () => void }[] = [];

/** Takes so many bytes where they are free at once, until the function that it returns is called; null where they are not. */
export function reserve(bytes: number): (() => void) | null {
  if (waiting.length > 0 || promised + bytes > DECODE_BYTES) return null;
  promised += bytes;
  return () => giveBack(bytes);
}

function giveBack(bytes: number): void {
  promised -= bytes;
  for (let next = waiting[0]; next && promised + next.bytes <= DECODE_BYTES; next = waiting[0]) {
    waiting.shift();
    promised += next.bytes;
    next.admit();
  }
}

/** Does `work` once as many bytes are free. */
export async function withinBudget<T>(bytes: number, work: () => Promise<T>): Promise<T> {
  if (waiting.length > 0 || promised + bytes > DECODE_BYTES) {
    await new Promise<void>((admit) => waiting.push({ bytes, admit }));
  } else {
    promised += bytes;
  }
  try {
    return await work();
  } finally {
    giveBack(bytes);
  }
}

/** @throws {Error} where an image takes more than there is, or is larger than the reader takes */
export function checkSize(width: number, height: number, bytes: number): void {
  if (width * height > MAX_PIXELS) throw new Error(TOO_MANY_PIXELS);
  if (Math.max(width, height) > MAX_SIDE)
    throw new Error(`it has ${width} × ${height} pixels; at most 65,500 a side are read`);
  if (bytes > DECODE_BYTES)
    throw new Error(`decoding it takes ${Math.ceil(bytes / 1e6)} MB; at most ${DECODE_BYTES / 1e6} MB are used`);
}

/** Files that are open at once: a batch of thousands of images must not meet the system's limit. */
const MAX_OPEN = 64;
let open = 0;
const closed: (() => void)[] = [];

/** Does `work`, which opens a file, once few enough are open. */
export async function whileOpen<T>(work: () => Promise<T>): Promise<T> {
  if (open >= MAX_OPEN) await new Promise<void>((admit) => closed.push(admit));
  else open++;
  try {
    return await work();
  } finally {
    const next = closed.shift();
    if (next) next();
    else open--;
  }
}
