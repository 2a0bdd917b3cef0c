// Whether preset `auto` keeps its word: on five kinds of images, with its own length of training and three seeds, each method's
// trained encoder beside its initial one, by linear probe and kNN. "Ours" is trained, "peer" is initial. A training counts for as long
// as auto chooses the same settings: its row is kept in rows/presets.jsonl, and only what is not there is measured.
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commitOf } from "../packages/unlabel/src/base/commit.ts";
import { UserError } from "../packages/unlabel/src/base/errors.ts";
import type { Config } from "../packages/unlabel/src/config/common.ts";
import type { Settings } from "../packages/unlabel/src/config/settings.ts";
import { abouts } from "../packages/unlabel/src/methods/abouts.ts";
import { RunDirectory } from "../packages/unlabel/src/run/directory.ts";
import { numberIn, runUnlabel } from "./child.ts";
import { fittedTo } from "./fitted.ts";
import { keepRow, readKept, rowsFile } from "./kept-rows.ts";
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

/** One training, as it is kept. */
export interface Outcome extends Record<Protocol, Score> {
  set: string;
  method: string;
  seed: number;
  /** Of the settings that auto chose, whole. */
  settings: string;
  /** Of this project, that it was measured at. */
  commit: string | null;
  /** Of training alone, as long as it took then and there. */
  seconds: number;
  /** What `auto` said before training: its choices, and what may come of it. */
  chosen: string[];
}

export async function run(options: BenchOptions): Promise<Row[]> {
  const { quick, data, rows: wanted, fromRows = false, say } = options;
  const folder = mkdtempSync(join(tmpdir(), "unlabel-bench-"));
  const seeds = quick ? SEEDS.slice(0, 1) : SEEDS;
  // Quick numbers mean nothing and are not kept.
  const file = quick || options.otherData ? join(folder, "rows.jsonl") : rowsFile("presets");
  try {
    for (const { name, what, make } of fromRows ? [] : SETS) {
      const methods = abouts().filter((method) => wanted?.test(rowName(name, method.name)) ?? true);
      if (methods.length === 0) continue;
      say(`${name}: ${what}`);
      const images = await make(data, join(folder, name), quick);
      for (const { name: method } of methods) {
        const settings = await settingsOf(images, { method, ...lengthOf(options) });
        for (const seed of seeds) {
          const one = { set: name, method, seed, settings };
          const kept = readKept<Outcome>(file).findLast((row) => isOf(row, one));
          const found = kept ?? (await measured(images, one, join(folder, `${name}-${method}-${seed}`), options));
          if (!kept) keepRow(file, found);
          say(`  ${method}, seed ${seed}: ${scores(found)}${kept ? ", kept" : ""}`);
        }
      }
    }
    const all = readKept<Outcome>(file);
    if (all.length === 0)
      throw new UserError(`Expected rows in ${file}, found none; measure them with: npm run bench -- presets`);
    return tableOf(all, wanted);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Asked = Pick<Outcome, "set" | "method" | "seed" | "settings">;

function isOf(row: Asked, { set, method, seed, settings }: Asked): boolean {
  return row.set === set && row.method === method && row.seed === seed && row.settings === settings;
}

const rowName = (set: string, method: string) => `${set} ${method}`;
const scores = (found: Outcome) =>
  PROTOCOLS.map(
    (one) => `${title(one)} ${found[one].trained.toFixed(1)} % (initial ${found[one].initial.toFixed(1)})`,
  ).join(", ");
const title = (protocol: Protocol) => (protocol === "knn" ? "kNN" : protocol);

/** `--rows` chooses among sets and methods. */
export function rowNames(): string[] {
  return SETS.flatMap(({ name }) => abouts().map((method) => rowName(name, method.name)));
}

/** A digest of what auto makes of these images on a CPU: the same settings, the same digest. */
async function settingsOf(images: string, flags: Settings & { method: string }): Promise<string> {
  return digest((await fittedTo(images, flags)).config);
}

/** By default auto's own. */
function lengthOf({ quick, minutes }: BenchOptions): Settings {
  if (quick) return { steps: 2 };
  return minutes === undefined ? {} : { budget: `${Math.round(60 * minutes)}s` };
}

function digest({ seed: _seed, threads: _threads, device: _device, online: _online, ...config }: Config): string {
  return createHash("sha256").update(JSON.stringify(config)).digest("hex").slice(0, 12);
}

async function measured(images: string, asked: Asked, out: string, options: BenchOptions): Promise<Outcome> {
  const { threads, device } = options;
  const machine = ["--threads", String(threads), "--device", device];
  const length = Object.entries(lengthOf(options)).flatMap(([key, value]) => [`--${key}`, String(value)]);
  const what = ["--method", asked.method, "--seed", String(asked.seed), "--set", "online=false"];
  const trained = await runUnlabel(["pretrain", images, ...what, ...length, ...machine, "--out", out], threads);
  const cheap = ["--protocols", PROTOCOLS.join(","), "--no-pixels", "--no-pictures"];
  const { json } = await runUnlabel(["evaluate", out, ...cheap, ...machine], threads);
  const seconds = Math.round(numberIn(trained, "steps") * numberIn(trained, "step_s"));
  const [linear, knn] = [score(json.linear), score(json.knn)];
  const { chosen = [] } = RunDirectory.open(out).info;
  rmSync(out, { recursive: true });
  return { ...asked, commit: commitOf(import.meta.dirname)?.slice(0, 10) ?? null, seconds, linear, knn, chosen };
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
  return typeof given === "number" ? Math.round(1e4 * given) / 100 : undefined;
}

/** Two rows a set and method, of the settings that were measured last. */
export function tableOf(kept: readonly Outcome[], wanted?: RegExp): Row[] {
  const pairs = SETS.flatMap(({ name }) => abouts().map((method) => [name, method.name] as const));
  return pairs.flatMap(([set, method]) => {
    if (!(wanted?.test(rowName(set, method)) ?? true)) return [];
    const all = kept.filter((one) => one.set === set && one.method === method);
    const last = all.filter(({ settings }) => settings === all.at(-1)!.settings);
    const bySeed = new Map(last.map((one) => [one.seed, one]));
    const found = [...bySeed.values()].sort((a, b) => a.seed - b.seed);
    return found.length > 0 ? PROTOCOLS.map((protocol) => rowOf(rowName(set, method), protocol, found)) : [];
  });
}

const WARNING = "warning: ";

function rowOf(name: string, protocol: Protocol, found: readonly Outcome[]): Row {
  const all = found.map((one) => one[protocol]);
  const [trained, initial] = [all.map((one) => one.trained), all.map((one) => one.initial)];
  const minutes = mean(found.map(({ seconds }) => seconds)) / 60;
  const warned = found.flatMap(({ chosen }) => chosen.filter((line) => line.startsWith(WARNING)));
  const commits = [...new Set(found.map(({ commit }) => commit ?? "no commit"))];
  const note = [
    `seeds ${found.map(({ seed }) => seed).join(", ")}: ${spread(trained)}, initial ${spread(initial)}`,
    `${minutes.toFixed(1)} minutes of training, at ${commits.join(", ")}`,
    ...new Set(warned.map((line) => line.slice(WARNING.length))),
  ].join("; ");
  return row(`${name}, ${title(protocol)}`, "%", mean(trained), mean(initial), { note });
}
