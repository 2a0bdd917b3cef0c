// What docs/scale.md rests on: each term of a step over several ranks, and of a large data set, measured here at small scale; then the model's
// sum beside the whole as measured. The model is in step-model.ts.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { allowedCores } from "../packages/unlabel/src/train/machine.ts";
import { numberIn, type Outcome, runChild, runUnlabel } from "./child.ts";
import { runAtOnce, runRanks } from "./ranks-child.ts";
import { type BenchOptions, type Row, row } from "./row.ts";
import { linear, type Network, stepSeconds } from "./step-model.ts";

/** Sizes whose sums over ranks are measured, in MB; the last is a ResNet-18's gradient. */
const SIZES = [0.25, 1, 4, 16, 25, 45];
const STEPS = 12;

export async function run({ quick, data, say }: BenchOptions): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "unlabel-bench-"));
  try {
    const rows: Row[] = [];
    const networks = new Map<number, Network>();
    for (const ranks of [2, 4]) {
      say(`all-reduce, ${ranks} ranks`);
      const found = await runRanks("all-reduce.ts", [quick ? "1" : "9", ...SIZES.map(String)], ranks);
      const { seconds } = found.json as { seconds: Record<string, number> };
      const points = SIZES.map((mb) => ({ bytes: mb * 1e6, seconds: seconds[mb]! }));
      networks.set(ranks, linear(points));
      const note = SIZES.map((mb) => `${mb} MB: ${(1000 * seconds[mb]!).toFixed(1)} ms`).join(", ");
      rows.push(
        row(`all-reduce over ${ranks} ranks, ${SIZES.at(-1)} MB`, "ms", 1000 * seconds[SIZES.at(-1)!]!, null, { note }),
      );
    }
    say("a step of 1 rank");
    const one = numberIn(await trained(data, join(folder, "1"), 1, quick), "step_s");
    const parameters = parametersOf(join(folder, "1"));
    rows.push(row("step of 1 rank", "s", one, null, { note: `${(parameters / 1e6).toFixed(1)} M parameters` }));
    for (const ranks of [2, 4]) {
      say(`a step of ${ranks} ranks, and of ${ranks} trainings at once`);
      const unaware = await runAtOnce((rank) => training(data, join(folder, `${ranks}-${rank}`), quick), ranks);
      // Cores share memory, and what a machine lets its cores do at once: by how much, is measured and not modelled.
      const compute = numberIn(unaware, "step_s");
      const step = numberIn(await trained(data, join(folder, String(ranks)), ranks, quick), "step_s");
      const expected = stepSeconds({
        compute,
        ranks,
        cores: ranks,
        bytes: 4 * parameters,
        network: networks.get(ranks)!,
      });
      const cores = `${(compute / one).toFixed(2)} × a step of one; ${allowedCores()} cores`;
      rows.push(
        row(`step of ${ranks} trainings at once, each alone`, "s", compute, null, { note: cores }),
        row(`step of ${ranks} ranks`, "s", step, expected, {
          note: "ours: measured; peer: the model's sum of a step of as many trainings at once, and of all-reduce by bucket",
        }),
      );
    }
    rows.push(...(await dataTerms(quick, say)));
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A few steps of SimCLR with a ResNet-18 on so many ranks of one thread, without SyncBatchNorm. */
function trained(data: string, out: string, ranks: number, quick: boolean): Promise<Outcome> {
  const launch = ranks > 1 ? ["launch", "--nproc", String(ranks)] : [];
  const alone = ranks > 1 ? ["--set", "sync_batchnorm=false"] : [];
  return runUnlabel([...launch, ...training(data, out, quick).args, ...alone], 1);
}

/** The same in one process. */
function training(data: string, out: string, quick: boolean): { args: string[] } {
  const method = ["--method", "simclr", "--preset", "report", "--encoder", "resnet18", "--size", "64"];
  const unwatched = ["stem=7x7", "online=false", "health_every=0"].flatMap((one) => ["--set", one]);
  const end = ["--batch", quick ? "4" : "64", "--epochs", "100000", "--steps", String(quick ? 3 : STEPS)];
  const machine = ["--threads", "1", "--device", "cpu", "--out", out];
  return { args: ["pretrain", data, ...method, ...unwatched, ...end, ...machine] };
}

/** Trained ones, heads included. */
function parametersOf(run: string): number {
  const { parameters } = JSON.parse(readFileSync(join(run, "run.json"), "utf8")) as { parameters: { total: number } };
  return parameters.total;
}

/** Listing, memory, order and checkpoints. */
async function dataTerms(quick: boolean, say: BenchOptions["say"]): Promise<Row[]> {
  const scale = quick ? 0.01 : 1;
  const ask = async (term: string, count: number) => {
    const whole = Math.round(count * scale);
    say(`${term} ${whole}`);
    const script = join(import.meta.dirname, "ours", "index-terms.ts");
    const flags = ["--expose-gc", "--max-old-space-size=12000", "--import", "tsx"];
    const { json } = await runChild(process.execPath, [...flags, script, term, String(whole)], process.env);
    return { count: whole, ...(json as Record<"seconds" | "bytes" | "again" | "limit", number>) };
  };
  const each = (name: string, { count, seconds, bytes }: { count: number; seconds: number; bytes: number }) =>
    row(name, "µs an image", (1e6 * seconds) / count, null, { note: `${(bytes / count).toFixed(0)} bytes an image` });
  const [folder, large] = [await ask("folder", 100_000), await ask("folder", 400_000)];
  const shards = [await ask("shards", 100_000), await ask("shards", 400_000)];
  const items = await ask("items", 4_000_000);
  const typed = await ask("typed", 100_000_000);
  const orders = [await ask("order", 1_000_000), await ask("order", 10_000_000), await ask("order", 100_000_000)];
  const saved = await ask("save", 400);
  return [
    each(`a folder of ${folder.count} files, listed`, folder),
    each(`a folder of ${large.count} files, listed`, large),
    ...shards.map((found) => each(`tar shards of ${found.count} images, listed`, found)),
    ...shards.map((found) =>
      each(`tar shards of ${found.count} images, listed before`, { ...found, seconds: found.again }),
    ),
    each(`the list of ${items.count} images of shards in memory`, items),
    each(`${typed.count} images as arrays of numbers`, typed),
    ...orders.map((found) => each(`the order of an epoch of ${found.count} images`, found)),
    row("a checkpoint, written, synced, read back twice", "MB/s", saved.bytes / 1e6 / saved.seconds, null),
  ];
}
