// npm run bench -- NAME [--json] [--quick] [--write]: ours and the peer side by side on this machine, in one run.
// Every number in docs/benchmarks.md comes from `--write`.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { UserError } from "../packages/unlabel/src/base/errors.ts";
import { allowedCores } from "../packages/unlabel/src/train/machine.ts";
import { checkSection, writeSection } from "./document.ts";
import { describeMachine, machineLines } from "./machine.ts";
import { findPeers, type Peers } from "./peers.ts";
import { type BenchOptions, plainTable, type Row } from "./row.ts";

/** Benches of both sides, loaded when they are asked for. */
const COMPARED: Record<string, () => Promise<{ run(options: BenchOptions, peers: Peers): Promise<Row[]> }>> = {
  data: () => import("./data.ts"),
  train: () => import("./train.ts"),
  quality: () => import("./quality.ts"),
};

/** Benches of our side alone. */
const ALONE: Record<string, () => Promise<{ run(options: BenchOptions): Promise<Row[]> }>> = {
  color: () => import("./color.ts"),
  decoders: () => import("./decoders.ts"),
  parity: () => import("./parity.ts"),
  precision: () => import("./precision.ts"),
  scale: () => import("./scale.ts"),
  threads: () => import("./threads.ts"),
};

interface Flags {
  json?: boolean;
  quick?: boolean;
  write?: boolean;
  data: string;
  threads: number;
  minutes?: number;
  rows?: RegExp;
  device: "auto" | "cpu" | "cuda";
}

const names = [...Object.keys(COMPARED), ...Object.keys(ALONE)];
const program = new Command("npm run bench --")
  .description("measure unlabel beside its peers, on this machine and in one run")
  .argument("<name...>", names.join(", "))
  .option("--json", "print {machine, rows} as stdout's last line")
  .option("--quick", "the smallest work that exercises everything; its numbers mean nothing")
  .option("--write", "put the table into docs/benchmarks.md")
  .option("--data <dir>", "images with train and val", join(import.meta.dirname, "../../shared/data/imagenette"))
  .option("--rows <pattern>", "train: only rows whose name holds it, a regular expression", pattern)
  .addOption(new Option("--device <name>", "where to compute").choices(["auto", "cpu", "cuda"]).default("auto"))
  .option("--threads <n>", "cores for either side", positive, allowedCores())
  .option("--minutes <n>", "for benches that train for a time", positive)
  .action(bench);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

async function bench(asked: string[], { json, quick = false, write = false, device, ...flags }: Flags): Promise<void> {
  for (const name of asked) {
    if (!names.includes(name)) throw new UserError(`Expected ${names.join(" or ")}, got ${name}`);
    if (flags.rows && name !== "train") throw new UserError(`Expected --rows with train alone, got it with ${name}`);
    if (write) checkSection(name);
  }
  if (quick && write) throw new UserError("Expected --quick or --write, got both: quick numbers belong in no document");
  if (!existsSync(flags.data)) throw new UserError(`Expected images in ${flags.data}; name their folder with --data`);
  const say = (text: string) => void process.stderr.write(`${text}\n`);
  // PyTorch's scripts take a GPU where they see one.
  if (device === "cpu") process.env.CUDA_VISIBLE_DEVICES = "";
  const peers = asked.some((name) => name in COMPARED) ? findPeers(say) : null;
  const { gpus, ...machine } = await describeMachine(flags.threads, peers);
  if (device === "cuda" && gpus === 0) throw new UserError("Expected a GPU for --device cuda, found none that answers");
  const plots = write ? join(import.meta.dirname, "..", "docs") : null;
  const options: BenchOptions = { quick, say, plots, ...flags, device: gpus > 0 ? "cuda" : "cpu" };
  for (const line of machineLines(machine)) process.stdout.write(`${line}\n`);
  const all: Row[] = [];
  for (const name of asked) {
    const began = performance.now();
    const [compared, alone] = [await COMPARED[name]?.(), await ALONE[name]?.()];
    const rows = (compared && peers ? await compared.run(options, peers) : await alone?.run(options)) ?? [];
    process.stdout.write(`\n${plainTable(rows)}\n`);
    say(`${name}: ${((performance.now() - began) / 60_000).toFixed(1)} minutes`);
    if (write) {
      const part = flags.rows ? ` --rows '${flags.rows.source}' --write` : "";
      writeSection(name, rows, machine, `npm run bench -- ${name}${part}`, flags.rows !== undefined);
    }
    all.push(...rows);
  }
  if (json) process.stdout.write(`${JSON.stringify({ machine, rows: all })}\n`);
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
