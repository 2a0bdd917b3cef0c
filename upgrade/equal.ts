// Whether the new program comes to what the old one came to: scores, weights, and how a run ended.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensorsHeader } from "@unlabel/torch/safetensors";
import { type Ended, expect, run, succeeded } from "../faults/program.ts";
import { answerOf, type Method } from "./made.ts";

export interface Score {
  top1: number;
  f1: number;
  balanced: number;
}
export type Evaluation = Score & { untrained: Score; pixels: Score; majority: Score };
/** What is looked at of a run.json. */
export interface Info {
  status: string;
  notes?: string[];
  result: { steps: number; loss_last: number };
}

export const json = <T>(file: string): T => JSON.parse(readFileSync(file, "utf8")) as T;
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** Runs a command with --json to its end. @throws {Error} unless it did its work */
export async function answer<T>(args: readonly string[]): Promise<T & { ended: Ended }> {
  const ended = await run(args);
  succeeded(ended);
  return { ...(answerOf(ended) as T), ended };
}

/** |now − before| / |before| of the numbers in two NumPy files of float32. @throws {Error} where they are not alike many */
export function distance(now: string, before: string): number {
  const [found, wanted] = [now, before].map(numbersIn) as [Float32Array, Float32Array];
  expect(found.length === wanted.length, `Expected ${wanted.length} numbers in ${now}, got ${found.length}`);
  const squares = (of: (i: number) => number) => wanted.reduce((sum, _, i) => sum + of(i) ** 2, 0);
  return Math.sqrt(squares((i) => found[i]! - wanted[i]!) / squares((i) => wanted[i]!));
}

/** A NumPy file of version 1: ten bytes, of which the last two are the header's length, the header, the numbers. */
function numbersIn(file: string): Float32Array {
  const bytes = readFileSync(file);
  return new Float32Array(
    bytes.buffer.slice(bytes.byteOffset + 10 + bytes.readUInt16LE(8), bytes.byteOffset + bytes.length),
  );
}

/** Says what was scored. @throws {Error} where a score is another than the one that the old program wrote into the run */
export function sameScores(run: string, protocol: string, now: Evaluation): string {
  const old = json<Evaluation>(join(run, "eval", `${protocol}.json`));
  const pairs = [
    ["trained", now, old],
    ["untrained", now.untrained, old.untrained],
    ["pixels", now.pixels, old.pixels],
    ["majority", now.majority, old.majority],
  ] as const;
  for (const [what, score, before] of pairs)
    for (const metric of ["top1", "f1", "balanced"] as const)
      expect(
        score[metric] === before[metric],
        `Expected ${before[metric]} for ${protocol} ${metric} (${what}), got ${score[metric]}`,
      );
  return `${protocol} ${percent(now.top1)}, untrained ${percent(now.untrained.top1)}`;
}

/**
 * How a run ended, beside the same run that the old program carried to its end.
 *
 * @throws {Error} where the weights are others, unless masks are drawn another way now and run.json says so
 */
export function endedAs(path: string, old: string, method: Method): string {
  const { status, result, notes = [] } = json<Info>(join(path, "run.json"));
  expect(status === "done", `Expected status done, got ${status}`);
  const { steps } = json<Info>(join(old, "run.json")).result;
  expect(result.steps === steps, `Expected ${steps} steps, got ${result.steps}`);
  const [now, before] = [weightsOf(path), weightsOf(old)];
  const names = new Set([...Object.keys(now), ...Object.keys(before)]);
  const other = [...names].filter((name) => now[name] !== before[name]);
  if (other.length === 0) return "weights equal to the bit";
  const note = method === "mae" ? notes.find((text) => /\bmasks?\b/i.test(text)) : undefined;
  expect(note, `Expected the old program's weights, got others in ${other.length} of ${names.size}, as ${other[0]}`);
  expect(Number.isFinite(result.loss_last), `Expected a finite loss, got ${result.loss_last}`);
  const shapes = (weights: Record<string, string>) =>
    Object.entries(weights).map(([name, text]) => name + text.split(":")[0]);
  expect(shapes(now).sort().join() === shapes(before).sort().join(), "Expected the same names and shapes of weights");
  return `other weights, and run.json says why: ${note}`;
}

/** By name the type, the shape and a hash of the values, whatever else the file says. */
function weightsOf(path: string): Record<string, string> {
  const file = join(path, "checkpoints", "last.safetensors");
  const bytes = readFileSync(file);
  const start = 8 + Number(bytes.readBigUInt64LE());
  return Object.fromEntries(
    Object.entries(readSafetensorsHeader(file).tensors).map(([name, { dtype, shape, begin, end }]) => {
      const hash = createHash("sha256").update(bytes.subarray(start + begin, start + end));
      return [name, `${dtype}[${shape}]:${hash.digest("hex")}`];
    }),
  );
}
