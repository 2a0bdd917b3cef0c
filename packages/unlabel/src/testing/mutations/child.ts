// The process that reads mutants, and that may crash: a line on stdout for each, in order, after what was begun.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ImageReader } from "../../data/reader.ts";
import type { Box } from "../../data/views.ts";
import { READER } from "./memory.ts";
import type { Outcome } from "./run.ts";

/** Images a call: a damaged one must not touch its neighbours. */
const BATCH = 16;

const [folder = "", ...names] = JSON.parse(readFileSync(0, "utf8")) as string[];
const reader = new ImageReader(READER);

function boxes(width: number, height: number): Box[] {
  const part = (x: number, y: number, w: number, h: number, flip: boolean): Box => ({
    x: x * width,
    y: y * height,
    width: w * width,
    height: h * height,
    flip,
  });
  return [part(0, 0, 1, 1, false), part(0.31, 0.27, 0.11, 0.23, true), part(0.5, 0.5, 0.5, 0.5, false)];
}

/** What comes of each image: how it is read, or why it is not. */
async function readAll(images: (string | Uint8Array)[]): Promise<{ reason: string | null; sum: number }[]> {
  const { sizes, failures } = await reader.sizes(images);
  const reasons = new Map(failures.map(({ index, reason }) => [index, reason]));
  const sums = new Array<number>(images.length).fill(0);
  const sized = sizes.flatMap((size, index) => (size ? [{ index, size }] : []));
  for (const [side, filter] of [
    [24, "bilinear"],
    [80, "bicubic"],
  ] as const) {
    const items = sized.map(({ index, size }) => ({ image: images[index]!, views: boxes(size.width, size.height) }));
    const { data, failures: unread } = await reader.read(items, { width: side, height: side, filter });
    for (const { index, reason } of unread) reasons.set(sized[index]!.index, reason);
    const bytes = data.length / (sized.length || 1);
    for (const [place, { index }] of sized.entries())
      for (let at = place * bytes; at < (place + 1) * bytes; at++)
        sums[index] = (sums[index]! * 31 + data[at]!) % 1_000_003;
  }
  return images.map((_, index) => ({ reason: reasons.get(index) ?? null, sum: reasons.has(index) ? 0 : sums[index]! }));
}

for (let start = 0; start < names.length; start += BATCH) {
  const batch = names.slice(start, start + BATCH);
  process.stdout.write(`${JSON.stringify({ begun: batch })}\n`);
  const paths = batch.map((name) => join(folder, name));
  const fromFile = await readAll(paths);
  const fromMemory = await readAll(paths.map((path) => readFileSync(path)));
  for (const [k, name] of batch.entries()) {
    const { reason, sum } = fromFile[k]!;
    const other = fromMemory[k]!;
    const outcome: Outcome = {
      name,
      reason,
      agrees: other.sum === sum && (other.reason === null) === (reason === null),
    };
    process.stdout.write(`${JSON.stringify(outcome)}\n`);
  }
}
process.stdout.write(`${JSON.stringify({ peakMb: Math.round(process.resourceUsage().maxRSS / 1024) })}\n`);
