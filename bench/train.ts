// Speed of training, encoding and probing beside PyTorch and lightly: the two sides turn by turn, warm, data loading included,
// the peer at its best worker count.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../packages/unlabel/src/base/errors.ts";
import { choosePrecision } from "../packages/unlabel/src/train/precision.ts";
import { numberIn, runScript, runUnlabel } from "./child.ts";
import { gflopOf, measureFloor, type Work } from "./floor.ts";
import { type Peers, runPeer } from "./peers.ts";
import type { BenchOptions, Row } from "./row.ts";
import { type Case, cases } from "./train-cases.ts";
import { type Duel, type Side, takeTurns } from "./turns.ts";

const WORKERS = [0, 1, 2];
/** Steps before those that count, on either side. */
const WARM = 2;

interface Pace {
  batch: number;
  /** Steps that count, for images of so many GFLOP. */
  steps(gflop: number): number;
  /** Each side runs this often, turn by turn; the median counts. */
  rounds: number;
  /** Images encoded, and features probed. */
  images: number;
  /** Images a step and steps that count while the peer's best worker count is looked for. */
  search(gflop: number): { batch: number; steps: number };
}

/** Of a CPU: about 2,000 GFLOP a run, so that all of it takes less than 25 minutes on two cores without bf16. */
export const FULL: Pace = {
  batch: 32,
  steps: (gflop) => Math.min(12, Math.max(1, Math.floor(2000 / 32 / gflop))),
  rounds: 2,
  images: 2048,
  // What computes for long hides loading behind a few images as behind many.
  search: (gflop) => (gflop > 5 ? { batch: 4, steps: 2 } : { batch: 32, steps: 6 }),
};
const GPU: Pace = {
  batch: 128,
  steps: () => 40,
  rounds: 2,
  images: 9469,
  search: () => ({ batch: 128, steps: 10 }),
};
const QUICK: Pace = { ...FULL, batch: 4, steps: () => 1, rounds: 1, images: 64 };

const ENCODE = "encode resnet18 64";

export async function run(options: BenchOptions, peers: Peers): Promise<Row[]> {
  const { quick, threads, data, device, rows: wanted, say } = options;
  const pace = quick ? QUICK : device === "cuda" ? GPU : FULL;
  const bf16 = device === "cuda" || choosePrecision("auto", "cpu") === "bf16";
  const probe = `probe, ${pace.images} features of 512`;
  const chosen = (name: string) => wanted?.test(name) ?? true;
  const asked = cases(bf16).filter(({ name }) => chosen(name));
  if (asked.length === 0 && !chosen(ENCODE) && !chosen(probe)) throw noRows(wanted, [ENCODE, probe], bf16);
  const folder = mkdtempSync(join(tmpdir(), "unlabel-bench-"));
  try {
    const gflops = await measureFloor(threads, device, quick);
    say(`matrix products: ${gflops.toFixed(0)} GFLOP/s`);
    if (!quick && device === "cpu") {
      const probing = [ENCODE, probe].filter(chosen).length;
      say(`about ${Math.ceil(secondsFor(asked, probing, pace, gflops) / 60)} minutes`);
    }
    const share = (work: Work) => (speed: number) => ({ floor: (speed * gflopOf(work)) / gflops });
    const at = ["--threads", String(threads), "--device", device];

    let runs = 0;
    const ours = ({ ours, size, work }: Case): Side => {
      const flags = [...ours, "--size", String(size), "--batch", String(pace.batch), ...at];
      const steps = ["--epochs", "100000", "--steps", String(pace.steps(gflopOf(work)) + WARM)];
      const run = () =>
        runUnlabel(["pretrain", data, ...flags, ...steps, "--out", join(folder, String(runs++))], threads);
      return { key: `ours ${flags.join(" ")}`, run };
    };
    const theirs = (one: Case, workers: number, { batch, steps }: { batch: number; steps: number }): Side => {
      const numbers = Object.entries({ size: one.size, batch, steps, workers, threads });
      const flags = [data, ...one.peer, ...numbers.flatMap(([name, value]) => [`--${name}`, String(value)])];
      return { key: [one.script, ...flags].join(" "), run: () => runPeer(peers, one.script, flags, threads) };
    };
    const bestWorkers = async (side: (workers: number) => Side): Promise<number> => {
      if (quick) return 0;
      const speeds: [workers: number, speed: number][] = [];
      for (const workers of WORKERS) speeds.push([workers, numberIn(await side(workers).run(), "images_per_s")]);
      return speeds.reduce((best, next) => (next[1] > best[1] ? next : best))[0];
    };

    const found: Row[] = [];
    for (const model of new Set(asked.map((one) => one.model))) {
      const group = asked.filter((one) => one.model === model);
      say(group.map(({ name }) => name).join(", "));
      // In its fastest form, which comes last, the peer needs images the soonest.
      const fastest = group.at(-1)!;
      const workers = await bestWorkers((count) => theirs(fastest, count, pace.search(gflopOf(fastest.work))));
      const duels = group.map((one): Duel => {
        const { name, work, lighter, note } = one;
        const more = (speed: number) => ({
          ...(lighter ? {} : share(work)(speed)),
          note: [`peer with ${workers} workers`, note].filter(Boolean).join("; "),
        });
        const peer = theirs(one, workers, { batch: pace.batch, steps: pace.steps(gflopOf(work)) });
        return { name, unit: "images/s", figure: "images_per_s", ours: ours(one), peer, more };
      });
      found.push(...(await takeTurns(duels, pace.rounds)));
    }

    const count = String(pace.images);
    if (chosen(ENCODE)) {
      say(ENCODE);
      const peer = (images: string) => (workers: number) => ({
        key: "peer",
        run: () => runPeer(peers, "encode_pytorch.py", [data, images, "--workers", String(workers)], threads),
      });
      const workers = await bestWorkers(peer("1024"));
      const work: Work = { kind: "resnet18", size: 64, views: 1, encodeOnly: true };
      const duel: Duel = {
        name: ENCODE,
        unit: "images/s",
        figure: "images_per_s",
        ours: { key: "ours", run: () => runScript("encode.ts", [data, count, String(threads), device], threads) },
        peer: peer(count)(workers),
        more: (speed) => ({ ...share(work)(speed), note: `peer with ${workers} workers` }),
      };
      found.push(...(await takeTurns([duel], pace.rounds)));
    }
    if (chosen(probe)) {
      say(probe);
      const duel: Duel = {
        name: probe,
        unit: "epochs/s",
        figure: "epochs_per_s",
        ours: { key: "ours", run: () => runScript("probe.ts", [count, String(threads)], threads) },
        peer: { key: "peer", run: () => runPeer(peers, "probe_pytorch.py", [count], threads) },
      };
      found.push(...(await takeTurns([duel], pace.rounds)));
    }
    return found;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function noRows(wanted: RegExp | undefined, others: string[], bf16: boolean): UserError {
  const names = [...cases(bf16).map(({ name }) => name), ...others].join(", ");
  return new UserError(`Expected part of a row's name for --rows, got ${wanted?.source}; rows are ${names}`);
}

/** Seconds that a process takes to start, and the share of the speed of matrix products that training reaches. */
const START = 7;
const REACHED = { resnet18: 0.45, resnet50: 0.45, mae: 0.7 };

/** How long rows of training, and `probing` rows without, take on a CPU, by formula: known before it begins, good to a third. */
export function secondsFor(asked: readonly Case[], probing: number, pace: Pace, gflops: number): number {
  const sides = new Map<string, number>();
  for (const { model, work, script, peer, ours } of asked) {
    const gflop = gflopOf(work);
    const seconds = ({ batch, steps }: { batch: number; steps: number }) =>
      START + ((steps + WARM) * batch * gflop) / gflops / REACHED[work.kind];
    const measured = pace.rounds * seconds({ batch: pace.batch, steps: pace.steps(gflop) });
    sides.set([script, ...peer].join(" "), measured);
    sides.set(ours.join(" "), measured);
    sides.set(model, WORKERS.length * seconds(pace.search(gflop)));
  }
  const others = probing * (2 * pace.rounds + WORKERS.length) * (START + 4);
  return [...sides.values()].reduce((sum, one) => sum + one, 0) + others;
}
