// What several ranks cost: two of one thread each, a core each, beside one rank of one thread with the same batch of its own. SimCLR, ResNet-18,
// 64 px. The two train on twice the images a step, so that what a step takes longer is what they send each other, and what two cores of this
// machine take from each other: that is measured by itself, by two trainings at once that know nothing of each other.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { numberIn, type Outcome, runUnlabel } from "./child.ts";
import { launcherEnv, runAtOnce } from "./ranks-child.ts";
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
  const stepOf = async (outcome: Promise<Outcome>) => numberIn(await outcome, "step_s");
  const alone = () => stepOf(runUnlabel(flags(false), 1, { cores: cores.slice(0, 1) }));
  const atOnce = () => stepOf(runAtOnce(() => ({ args: flags(false) }), RANKS, cores));
  const together = async (sync: boolean) => {
    const [args, env] = [flags(sync), await launcherEnv(RANKS)];
    return await stepOf(runAtOnce((rank) => ({ args, env: env(rank) }), RANKS, cores));
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
