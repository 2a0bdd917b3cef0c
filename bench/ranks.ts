// What several ranks cost: two of one thread each, a core each, beside one rank of one thread with the same batch of its own. SimCLR, ResNet-18,
// 64 px. The two train on twice the images a step, so that what a step takes longer is what they send each other, and what two cores of this
// machine take from each other: that is measured by itself, by two trainings at once that know nothing of each other.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { numberIn, runUnlabel } from "./child.ts";
import { type BenchOptions, type Row, row } from "./row.ts";
import { median } from "./stats.ts";
import { coresAllowed } from "./threads.ts";

const STEPS = 12;
const ROUNDS = 3;
const BATCH = 64;
const RANKS = 2;

export async function run({ quick, data, threads, say }: BenchOptions): Promise<Row[]> {
  const [steps, rounds, batch] = quick ? [1, 1, 4] : [STEPS, ROUNDS, BATCH];
  const names = [
    `a step of ${RANKS} trainings at once, each alone with ${BATCH} images`,
    ...["", ", sync_batchnorm"].map((end) => `a step of ${RANKS} ranks of ${BATCH} images each${end}`),
  ];
  const none = (note: string) => names.map((name) => row(name, "s", null, null, { note }));
  const cores = coresAllowed();
  if (threads < RANKS || (cores && cores.length < RANKS)) return none(`not run: it takes ${RANKS} cores`);
  if (!cores) return none("not run: it takes taskset");
  const folder = mkdtempSync(join(tmpdir(), "unlabel-bench-"));
  let runs = 0;
  const flags = (sync: boolean) => {
    const model = ["--method", "simclr", "--preset", "report", "--encoder", "resnet18", "--size", "64"];
    const settings = ["stem=7x7", "online=false", "health_every=0", `sync_batchnorm=${sync}`];
    const length = ["--batch", String(batch), "--epochs", "1000", "--steps", String(steps + 2)];
    const machine = ["--threads", "1", "--device", "cpu", "--out", join(folder, String(runs++))];
    return ["pretrain", data, ...model, ...settings.flatMap((one) => ["--set", one]), ...length, ...machine];
  };
  /** Seconds of a step. */
  const alone = async () => numberIn(await runUnlabel(flags(false), 1, { cores: cores.slice(0, 1) }), "step_s");
  /** Of the first of several processes, a core each. @param of each one's flags and environment */
  const first = async (of: (rank: number) => { args: string[]; env: Record<string, string> }) => {
    const others = Array.from({ length: RANKS - 1 }, (_, i) => {
      const program = join(import.meta.dirname, "../packages/unlabel/bin/unlabel.mjs");
      const { args, env } = of(i + 1);
      const command = ["-c", String(cores[i + 1]), process.execPath, program, ...args];
      return spawn("taskset", command, { env: { ...process.env, OMP_NUM_THREADS: "1", ...env }, stdio: "ignore" });
    });
    const ended = others.map((child) => new Promise((resolve) => child.on("close", resolve)));
    try {
      const { args, env } = of(0);
      const outcome = await runUnlabel(args, 1, { cores: cores.slice(0, 1), env });
      await Promise.all(ended);
      return numberIn(outcome, "step_s");
    } finally {
      for (const child of others) child.kill();
    }
  };
  const atOnce = () => first(() => ({ args: flags(false), env: {} }));
  const together = async (sync: boolean) => {
    const args = flags(sync);
    const shared = {
      WORLD_SIZE: RANKS,
      LOCAL_WORLD_SIZE: RANKS,
      MASTER_ADDR: "127.0.0.1",
      MASTER_PORT: await freePort(),
    };
    const env = (rank: number) =>
      Object.fromEntries(Object.entries({ ...shared, RANK: rank, LOCAL_RANK: rank }).map(([k, v]) => [k, String(v)]));
    return await first((rank) => ({ args, env: env(rank) }));
  };
  try {
    const [one, unaware, apart, synced]: [number[], number[], number[], number[]] = [[], [], [], []];
    for (let round = 0; round < rounds; round++) {
      say(`round ${round + 1} of ${rounds}`);
      one.push(await alone());
      unaware.push(await atOnce());
      apart.push(await together(false));
      synced.push(await together(true));
    }
    return [unaware, apart, synced].map((two, i) => {
      const times = (others: readonly number[]) => `${(median(two) / median(others)).toFixed(2)} ×`;
      const beside = two === unaware ? "" : `, ${times(unaware)} one of two trainings at once`;
      const note = `${times(one)} a step of one rank of ${batch} images${beside}`;
      return { ...row(names[i]!, "s", median(two), median(one), { note }), ratio: median(one) / median(two) };
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
