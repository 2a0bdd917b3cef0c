// npm run bench -- NAME [--json] [--quick] [--write] [--against COMMIT]: ours and the peer, or another commit of ours, side by side
// on this machine, in one run.
// Every number in docs/benchmarks.md comes from `--write`.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { SetupError } from "@unlabel/torch/setup";
import { Command, InvalidArgumentError, Option } from "commander";
import { UserError } from "../packages/unlabel/src/base/errors.ts";
import { allowedCores } from "../packages/unlabel/src/train/machine.ts";
import { type BuiltCommit, buildCommit } from "../scripts/commit.ts";
import { BESIDE_COMMIT, LEAST, shortHash, verdictOf } from "./against.ts";
import { checkSection, speaksOfCommit, writeSection } from "./document.ts";
import { describeMachine, machineLines } from "./machine.ts";
import { findPeers, type Peers } from "./peers.ts";
import { type BenchOptions, plainTable, type Row } from "./row.ts";

interface Compared {
  run(options: BenchOptions, peers: Peers): Promise<Row[]>;
  /** Names of its rows, where it can measure some of them. */
  rowNames?(options: BenchOptions): string[];
}

/** Benches of both sides, loaded when they are asked for. */
const COMPARED: Record<string, () => Promise<Compared>> = {
  data: () => import("./data.ts"),
  train: () => import("./train.ts"),
  quality: () => import("./quality.ts"),
  busy: () => import("./busy.ts"),
};

interface Against {
  against(options: BenchOptions, before: BuiltCommit): Promise<Row[]>;
  againstNames(options: BenchOptions): string[];
}

/** Those that can stand beside another commit of ours. */
const AGAINST: Record<string, () => Promise<Against>> = {
  data: () => import("./data.ts"),
  train: () => import("./train-against.ts"),
  quality: () => import("./quality-against.ts"),
};

interface Alone {
  run(options: BenchOptions): Promise<Row[]>;
  /** Names that `--rows` chooses among, where it can measure some of them. */
  rowNames?(options: BenchOptions): string[];
}

/** Benches of our side alone. */
const ALONE: Record<string, () => Promise<Alone>> = {
  color: () => import("./color.ts"),
  decoders: () => import("./decoders.ts"),
  ideas: () => import("./ideas.ts"),
  indicators: () => import("./indicators.ts"),
  methods: () => import("./methods.ts"),
  evaluate: () => import("./evaluate.ts"),
  parity: () => import("./parity.ts"),
  presets: () => import("./presets.ts"),
  precision: () => import("./precision.ts"),
  ranks: () => import("./ranks.ts"),
  scale: () => import("./scale.ts"),
  "scale-ranks": () => import("./scale-ranks.ts"),
  studio: () => import("./studio.ts"),
  threads: () => import("./threads.ts"),
};

/** Those whose rows are kept as data. */
const KEEPS = new Set(["presets", "ideas", "indicators", "methods"]);

interface Flags {
  json?: boolean;
  quick?: boolean;
  write?: boolean;
  data: string;
  threads: number;
  minutes?: number;
  folder?: string;
  rows?: RegExp;
  fromRows?: boolean;
  check?: boolean;
  against?: string;
  device: "auto" | "cpu" | "cuda";
}

/** The images that rows are kept of. */
const DATA = join(import.meta.dirname, "../../shared/data/imagenette");

const names = [...Object.keys(COMPARED), ...Object.keys(ALONE)];
const program = new Command("npm run bench --")
  .description("measure unlabel beside its peers, on this machine and in one run")
  .argument("<name...>", names.join(", "))
  .option("--json", "print {machine, rows} as stdout's last line")
  .option("--quick", "the smallest work that exercises everything; its numbers mean nothing")
  .option("--write", "put the table into docs/benchmarks.md")
  .option("--data <dir>", "images with train and val", DATA)
  .option(
    "--rows <pattern>",
    "data, train, busy, scale, studio, presets, ideas, indicators, methods: only rows whose name holds it, a regular expression",
    pattern,
  )
  .option(
    "--from-rows",
    "presets, ideas, indicators, methods: the table of what was measured before and is kept in bench/rows, in a second",
  )
  .option("--check", "methods: measure nothing, and end with 1 where a method has neither a row nor a reason")
  .option(
    "--against <commit>",
    `data, train, quality: beside that commit of ours instead of peers; ends with 1 where a row is below ${LEAST} of it`,
  )
  .addOption(new Option("--device <name>", "where to compute").choices(["auto", "cpu", "cuda"]).default("auto"))
  .option("--threads <n>", "cores for either side", positive, allowedCores())
  .option("--minutes <n>", "for benches that train for a time", positive)
  .option("--folder <dir>", "scale: where its millions of images are made and removed (default: the temporary folder)")
  .action(bench);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof UserError || error instanceof SetupError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

async function bench(asked: string[], { json, quick = false, write = false, device, ...flags }: Flags): Promise<void> {
  for (const name of asked) {
    if (!names.includes(name)) throw new UserError(`Expected ${names.join(" or ")}, got ${name}`);
    if (flags.against !== undefined && !(name in AGAINST)) {
      throw new UserError(`Expected ${Object.keys(AGAINST).join(" or ")} with --against, got ${name}`);
    }
    if (write) checkSection(flags.against === undefined ? name : besideSection(name));
  }
  const lacking = flags.fromRows ? asked.find((name) => !KEEPS.has(name)) : undefined;
  if (lacking) throw new UserError(`Expected ${[...KEEPS].join(" or ")} with --from-rows, got ${lacking}`);
  const unchecked = flags.check ? asked.find((name) => name !== "methods") : undefined;
  if (unchecked) throw new UserError(`Expected methods with --check, got ${unchecked}`);
  if (quick && write) throw new UserError("Expected --quick or --write, got both: quick numbers belong in no document");
  const data = resolve(flags.data);
  if (flags.folder !== undefined && !existsSync(flags.folder))
    throw new UserError(`Expected a folder that is there for --folder, got ${flags.folder}`);
  // What is kept needs no images.
  const isKept = flags.fromRows || flags.check;
  if (!isKept && !existsSync(data)) throw new UserError(`Expected images in ${data}; name their folder with --data`);
  const say = (text: string) => void process.stderr.write(`${text}\n`);
  // PyTorch's scripts take a GPU where they see one.
  if (device === "cpu") process.env.CUDA_VISIBLE_DEVICES = "";
  const before = flags.against === undefined ? null : buildCommit(flags.against, say);
  const peers = !before && asked.some((name) => name in COMPARED) ? findPeers(say) : null;
  const { gpus, ...machine } = await describeMachine(flags.threads, peers, before);
  if (device === "cuda" && gpus === 0) throw new UserError("Expected a GPU for --device cuda, found none that answers");
  const plots = write ? join(import.meta.dirname, "..", "docs") : null;
  const otherData = !isKept && data !== DATA;
  const keeping = asked.find((name) => KEEPS.has(name));
  if (write && otherData && keeping)
    throw new UserError(
      `Expected no --data with ${keeping} --write, whose section holds rows of the bench's own images`,
    );
  const options: BenchOptions = { quick, say, plots, ...flags, data, otherData, device: gpus > 0 ? "cuda" : "cpu" };
  // What the numbers hang on, for the line below their table.
  const told = [
    ...(otherData ? ["--data", flags.data] : []),
    ...(flags.minutes === undefined ? [] : ["--minutes", String(flags.minutes)]),
    ...(flags.threads === allowedCores() ? [] : ["--threads", String(flags.threads)]),
  ];
  const shown = told.length > 0 ? ` ${told.join(" ")}` : "";
  if (flags.rows) await checkRows(asked, flags.rows, options, before !== null);
  for (const line of machineLines(machine)) process.stdout.write(`${line}\n`);
  const found = new Map<string, Row[]>();
  for (const name of asked) {
    const began = performance.now();
    const rows = await measure(name, options, peers, before);
    if (!before && rows.length > 0) process.stdout.write(`\n${plainTable(rows)}\n`);
    say(`${name}: ${((performance.now() - began) / 60_000).toFixed(1)} minutes`);
    if (write && !before && rows.length > 0) {
      const command = `npm run bench -- ${name}${shown}${flags.fromRows ? " --from-rows" : ""}${flags.rows ? ` --rows '${flags.rows.source}' --write` : ""}`;
      writeSection(name, rows, machine, command, flags.rows !== undefined);
    }
    found.set(name, rows);
  }
  const all = [...found.values()].flat();
  const verdict = before ? verdictOf(all, shortHash(before)) : undefined;
  if (before) {
    process.stdout.write(`\n${plainTable(all, BESIDE_COMMIT)}\n`);
    for (const section of write ? new Set(asked.map(besideSection)) : []) {
      const own = asked.filter((name) => besideSection(name) === section);
      const command = `npm run bench -- ${own.join(" ")}${shown} --against ${shortHash(before)}${flags.rows ? ` --rows '${flags.rows.source}'` : ""}`;
      // Rows beside one commit say nothing beside another: the section holds those of one.
      const part = flags.rows !== undefined && speaksOfCommit(section, shortHash(before));
      const rows = own.flatMap((name) => found.get(name) ?? []);
      writeSection(section, rows, machine, command, part, BESIDE_COMMIT);
    }
  }
  if (verdict) {
    process.stdout.write(`\n${verdict.text}${quick ? " (quick: the numbers mean nothing)" : ""}\n`);
    if (!verdict.ok && !quick) process.exitCode = 1;
  }
  if (json) process.stdout.write(`${JSON.stringify({ machine, rows: all, verdict })}\n`);
}

/** Where the rows beside another commit are written: quality's are other ones than speeds, and take hours. */
function besideSection(name: string): string {
  return name === "quality" ? "quality-against" : "against";
}

async function measure(
  name: string,
  options: BenchOptions,
  peers: Peers | null,
  before: BuiltCommit | null,
): Promise<Row[]> {
  if (before) return (await AGAINST[name]?.())?.against(options, before) ?? [];
  const [compared, alone] = [await COMPARED[name]?.(), await ALONE[name]?.()];
  return (compared && peers ? await compared.run(options, peers) : await alone?.run(options)) ?? [];
}

/** @throws {UserError} where a bench has no rows to choose from, or none of them has a name that holds `wanted` */
async function checkRows(asked: string[], wanted: RegExp, options: BenchOptions, against: boolean): Promise<void> {
  const known: string[] = [];
  for (const name of asked) {
    const found = against
      ? (await AGAINST[name]?.())?.againstNames
      : (await (COMPARED[name] ?? ALONE[name])?.())?.rowNames;
    if (!found || found(options).length === 0)
      throw new UserError(
        `Expected --rows with data, train, busy, scale, studio, presets, ideas, indicators or methods alone, got it with ${name}`,
      );
    known.push(...found(options));
  }
  if (known.some((name) => wanted.test(name))) return;
  throw new UserError(`Expected part of a row's name for --rows, got ${wanted.source}; rows are ${known.join(", ")}`);
}

function pattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    throw new InvalidArgumentError("Expected a regular expression.");
  }
}

function positive(text: string): number {
  const value = Number(text);
  if (value > 0) return value;
  throw new InvalidArgumentError("Expected a number above 0.");
}
