// Whether preset `auto` keeps its word: on five kinds of images, with its own length of training and three seeds, each method's
// trained encoder beside its initial one, by linear probe and kNN. "Ours" is trained, "peer" is initial.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../packages/unlabel/src/base/errors.ts";
import { abouts } from "../packages/unlabel/src/methods/abouts.ts";
import { RunDirectory } from "../packages/unlabel/src/run/directory.ts";
import { numberIn, runUnlabel } from "./child.ts";
import { SETS } from "./preset-sets.ts";
import { type BenchOptions, type Row, row } from "./row.ts";
import { mean, spread } from "./stats.ts";

const SEEDS = [0, 1, 2];
const PROTOCOLS = ["linear", "knn"] as const;

type Protocol = (typeof PROTOCOLS)[number];

/** Top-1 in per cent. */
interface Score {
  trained: number;
  initial: number;
}

interface Outcome extends Record<Protocol, Score> {
  seconds: number;
  /** What `auto` said before training of what may come of it. */
  warnings: string[];
}

export async function run(options: BenchOptions): Promise<Row[]> {
  const { quick, data, rows: wanted, say } = options;
  const folder = mkdtempSync(join(tmpdir(), "unlabel-bench-"));
  const seeds = quick ? SEEDS.slice(0, 1) : SEEDS;
  const rows: Row[] = [];
  try {
    for (const { name, what, make } of SETS) {
      const methods = abouts().filter((method) => wanted?.test(rowName(name, method.name)) ?? true);
      if (methods.length === 0) continue;
      say(`${name}: ${what}`);
      const images = await make(data, join(folder, name), quick);
      for (const { name: method } of methods) {
        const found: Outcome[] = [];
        for (const seed of seeds) {
          const out = join(folder, `${name}-${method}-${seed}`);
          found.push(await outcome(images, method, seed, out, options));
          const [linear, knn] = PROTOCOLS.map((one) => found.at(-1)![one]);
          say(`  ${method}, seed ${seed}: linear ${words(linear!)}, kNN ${words(knn!)}`);
        }
        rows.push(...PROTOCOLS.map((protocol) => rowOf(rowName(name, method), protocol, found, seeds)));
      }
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const rowName = (set: string, method: string) => `${set} ${method}`;
const words = ({ trained, initial }: Score) => `${trained.toFixed(1)} % (initial ${initial.toFixed(1)})`;

/** `--rows` chooses among sets and methods. */
export function rowNames(): string[] {
  return SETS.flatMap(({ name }) => abouts().map((method) => rowName(name, method.name)));
}

async function outcome(
  images: string,
  method: string,
  seed: number,
  out: string,
  { quick, threads, device, minutes }: BenchOptions,
): Promise<Outcome> {
  const machine = ["--threads", String(threads), "--device", device];
  const length = quick ? ["--steps", "2"] : minutes === undefined ? [] : ["--budget", `${Math.round(60 * minutes)}s`];
  const flags = ["--method", method, "--seed", String(seed), "--set", "online=false", ...length, ...machine];
  const trained = await runUnlabel(["pretrain", images, ...flags, "--out", out], threads);
  const cheap = ["--protocols", PROTOCOLS.join(","), "--no-pixels", "--no-pictures"];
  const { json } = await runUnlabel(["evaluate", out, ...cheap, ...machine], threads);
  const seconds = numberIn(trained, "steps") * numberIn(trained, "step_s");
  const { chosen = [] } = RunDirectory.open(out).info;
  const warnings = chosen.flatMap((line) => (line.startsWith("warning: ") ? [line.slice("warning: ".length)] : []));
  return { linear: score(json.linear), knn: score(json.knn), seconds, warnings };
}

function score(protocol: unknown): Score {
  const trained = top1(protocol);
  const initial =
    typeof protocol === "object" && protocol && "untrained" in protocol ? top1(protocol.untrained) : undefined;
  if (trained !== undefined && initial !== undefined) return { trained, initial };
  throw new UserError(`Expected top1 of a trained and an initial encoder, got ${JSON.stringify(protocol)}`);
}

function top1(found: unknown): number | undefined {
  const given = typeof found === "object" && found && "top1" in found ? found.top1 : undefined;
  return typeof given === "number" ? 100 * given : undefined;
}

function rowOf(name: string, protocol: Protocol, found: readonly Outcome[], seeds: readonly number[]): Row {
  const scores = found.map((one) => one[protocol]);
  const [trained, initial] = [scores.map((one) => one.trained), scores.map((one) => one.initial)];
  const minutes = mean(found.map(({ seconds }) => seconds)) / 60;
  const warned = [...new Set(found.flatMap(({ warnings }) => warnings))];
  const note = [
    `seeds ${seeds.join(", ")}: ${spread(trained)}, initial ${spread(initial)}; ${minutes.toFixed(1)} minutes of training`,
    ...warned,
  ].join("; ");
  return row(`${name}, ${protocol === "knn" ? "kNN" : protocol}`, "%", mean(trained), mean(initial), { note });
}
