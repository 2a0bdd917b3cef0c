// The process that decodes damaged rasters, and that may crash: a line on stdout for each, in order, after what was begun.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeDescribed, describedHeader } from "../../data/foreign/described.ts";
import { factsOf } from "../../data/foreign/facts.ts";
import { typeRange } from "../../data/foreign/samples.ts";
import { decodeForeign } from "../../data/foreign.ts";
import type { Input, Tile } from "../../data/input.ts";
import type { Outcome } from "./run.ts";

const [folder = "", ...names] = JSON.parse(readFileSync(0, "utf8")) as string[];

interface Read {
  reason: string | null;
  sum: number;
}

/** All bands that a file claims, whole and in part; and as a photograph, which may be refused. */
async function read(file: string | Uint8Array): Promise<Read> {
  let sum = 0;
  const add = async ({ data }: { data: ArrayLike<number> }) => {
    for (let at = 0; at < data.length; at += 1 + Math.floor(data.length / 4096))
      sum = (sum * 31 + data[at]!) % 1_000_003;
  };
  try {
    const { bands, sample } = await factsOf(file);
    const range = typeRange(sample) ?? [0, 1000];
    const input: Input = {
      channels: bands,
      bands: null,
      range: Array.from({ length: bands }, () => range),
      tiles: null,
    };
    const { width, height } = await describedHeader({ file, input, tile: null });
    await decodeDescribed({ file, input, tile: null }, add);
    // Of the stored image; turned, the upright size is another.
    const side = Math.min(width, height);
    const tile: Tile = {
      x: Math.floor(side / 3),
      y: Math.floor(side / 2),
      width: Math.ceil(side / 4),
      height: Math.ceil(side / 5),
    };
    await decodeDescribed({ file, input, tile }, add);
    await decodeForeign(file, undefined, add).catch((error: Error) => {
      if (error.constructor !== Error) throw error;
    });
    return { reason: null, sum };
  } catch (error) {
    // Plain errors are reasons for people; any other kind was not meant, and ends the process.
    if (!(error instanceof Error) || error.constructor !== Error) throw error;
    return { reason: error.message, sum };
  }
}

for (const name of names) {
  process.stdout.write(`${JSON.stringify({ begun: [name] })}\n`);
  const path = join(folder, name);
  const fromFile = await read(path);
  const fromMemory = await read(new Uint8Array(readFileSync(path)));
  const outcome: Outcome = {
    name,
    reason: fromFile.reason,
    agrees: (fromFile.reason === null) === (fromMemory.reason === null) && fromFile.sum === fromMemory.sum,
  };
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
}
process.stdout.write(`${JSON.stringify({ peakMb: Math.round(process.resourceUsage().maxRSS / 1024) })}\n`);
