// npm run bench -- NAME [--json] [--quick] [--write]: ours and the peer side by side on this machine, in one run.
// Every number in docs/benchmarks.md comes from `--write`.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { UserError } from "../packages/unlabel/src/errors.ts";
import { allowedCores } from "../packages/unlabel/src/train/machine.ts";
import { checkSection, writeSection } from "./document.ts";
import { describeMachine, machineLines } from "./machine.ts";
import { findPeers, type Peers } from "./peers.ts";
import { type BenchOptions, plainTable, type Row } from "./row.ts";

interface Bench {
  run(options: BenchOptions, peers: Peers): Promise<Row[]>;
}

/** Every bench, loaded when it is asked for. */
const BENCHES: Record<string, () => Promise<Bench>> = {
  color: () => import("./color.ts"),
  data: () => import("./data.ts"),
  train: () => import("./train.ts"),
  quality: () => import("./quality.ts"),
};

interface Flags {
  json?: boolean;
  quick?: boolean;
  write?: boolean;
  data: string;
  threads: number;
  minutes?: number;
}

const names = Object.keys(BENCHES);
const program = new Command("npm run bench --")
  .description("measure unlabel beside its peers, on this machine and in one run")
  .argument("<name...>", names.join(", "))
  .option("--json", "print {machine, rows} as stdout's last line")
  .option("--quick", "the smallest work that exercises everything; its numbers mean nothing")
  .option("--write", "put the table into docs/benchmarks.md")
  .option("--data <dir>", "images with train and val", join(import.meta.dirname, "../../shared/data/imagenette"))
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

async function bench(asked: string[], { json, quick = false, write = false, ...flags }: Flags): Promise<void> {
  for (const name of asked) {
    if (!(name in BENCHES)) throw new UserError(`Expected ${names.join(" or ")}, got ${name}`);
  }
  if (write) for (const name of asked) checkSection(name);
  if (quick && write) throw new UserError("Expected --quick or --write, got both: quick numbers belong in no document");
  if (!existsSync(flags.data)) throw new UserError(`Expected images in ${flags.data}; name their folder with --data`);
  const say = (text: string) => void process.stderr.write(`${text}\n`);
  const peers = findPeers(say);
  const machine = await describeMachine(flags.threads, peers);
  for (const line of machineLines(machine)) process.stdout.write(`${line}\n`);
  const all: Row[] = [];
  for (const name of asked) {
    const { run } = await BENCHES[name]!();
    const rows = await run({ quick, say, ...flags }, peers);
    process.stdout.write(`\n${plainTable(rows)}\n`);
    if (write) writeSection(name, rows, machine, `npm run bench -- ${name}`);
    all.push(...rows);
  }
  if (json) process.stdout.write(`${JSON.stringify({ machine, rows: all })}\n`);
}

function positive(text: string): number {
  const value = Number(text);
  if (value > 0) return value;
  throw new InvalidArgumentError("Expected a number above 0.");
}
