// Speed of training, encoding and probing beside PyTorch and lightly: the two sides turn by turn, warm, data loading included,
// the peer at its best worker count.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { choosePrecision } from "../packages/unlabel/src/train/precision.ts";
import { numberIn } from "./child.ts";
import { gflopOf, measureFloor, type Work } from "./floor.ts";
import { type Peers, runPeer, workerCounts } from "./peers.ts";
import type { BenchOptions, Row } from "./row.ts";
import { type Case, cases } from "./train-cases.ts";
import { ENCODE, OTHER, ourSides, type Pace, probeName, secondsOf } from "./train-ours.ts";
import { type Duel, type Side, takeTurns } from "./turns.ts";

/** Beside peers, whose best worker count has to be looked for. */
interface PeerPace extends Pace {
  /** Images a step and steps that count meanwhile. */
  search(gflop: number): { batch: number; steps: number };
}

/** Of a CPU: about 2,000 GFLOP a run, so that all of it takes less than 25 minutes on two cores without bf16. */
export const FULL: PeerPace = {
  batch: () => 32,
  steps: (gflop) => Math.min(12, Math.max(1, Math.floor(2000 / 32 / gflop))),
  rounds: 2,
  images: 2048,
  // What computes for long hides loading behind a few images as behind many.
  search: (gflop) => (gflop > 5 ? { batch: 4, steps: 2 } : { batch: 32, steps: 6 }),
};
const GPU: PeerPace = {
  batch: () => 128,
  steps: () => 40,
  rounds: 2,
  images: 9469,
  search: () => ({ batch: 128, steps: 10 }),
};
const QUICK: PeerPace = { ...FULL, batch: () => 4, steps: () => 1, rounds: 1, images: 64 };

const paceOf = ({ quick, device }: Pick<BenchOptions, "quick" | "device">) =>
  quick ? QUICK : device === "cuda" ? GPU : FULL;

/** Whether an expert's peer computes in bf16. */
const inHalf = (device: string) => device === "cuda" || choosePrecision("auto", "cpu") === "bf16";

export function rowNames(options: Pick<BenchOptions, "quick" | "device">): string[] {
  return [...cases(inHalf(options.device)).map(({ name }) => name), ENCODE, probeName(paceOf(options))];
}

export async function run(options: BenchOptions, peers: Peers): Promise<Row[]> {
  const { quick, threads, data, device, rows: wanted, say } = options;
  const pace = paceOf(options);
  const probe = probeName(pace);
  const chosen = (name: string) => wanted?.test(name) ?? true;
  const asked = cases(inHalf(device)).filter(({ name }) => chosen(name));
  if (asked.length === 0 && !chosen(ENCODE) && !chosen(probe)) return [];
  const folder = mkdtempSync(join(tmpdir(), "unlabel-bench-"));
  try {
    const gflops = await measureFloor(threads, device, quick);
    say(`matrix products: ${gflops.toFixed(0)} GFLOP/s`);
    if (!quick && device === "cpu") {
      const probing = [ENCODE, probe].filter(chosen).length;
      say(`about ${Math.ceil(secondsFor(asked, probing, pace, gflops, workerCounts(threads).length) / 60)} minutes`);
    }
    const share = (work: Work) => (speed: number) => ({ floor: (speed * gflopOf(work)) / gflops });
    const ours = ourSides(options, pace, folder);
    const theirs = (one: Case, workers: number, { batch, steps }: { batch: number; steps: number }): Side => {
      const numbers = Object.entries({ size: one.size, batch, steps, workers, threads });
      const flags = [data, ...one.peer, ...numbers.flatMap(([name, value]) => [`--${name}`, String(value)])];
      return { key: [one.script, ...flags].join(" "), run: () => runPeer(peers, one.script, flags, threads) };
    };
    const bestWorkers = async (side: (workers: number) => Side): Promise<number> => {
      if (quick) return 0;
      const speeds: [workers: number, speed: number][] = [];
      for (const workers of workerCounts(threads))
        speeds.push([workers, numberIn(await side(workers).run(), "images_per_s")]);
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
        const peer = theirs(one, workers, { batch: pace.batch(gflopOf(work)), steps: pace.steps(gflopOf(work)) });
        return { name, unit: "images/s", figure: "images_per_s", ours: ours.pretrain(one), peer, more };
      });
      found.push(...(await takeTurns(duels, pace)));
    }

    const count = String(pace.images);
    if (chosen(ENCODE)) {
      say(ENCODE);
      const half = inHalf(device) ? ["--bf16"] : [];
      const peer = (images: string) => (workers: number) => ({
        key: "peer",
        run: () => runPeer(peers, "encode_pytorch.py", [data, images, "--workers", String(workers), ...half], threads),
      });
      const workers = await bestWorkers(peer("1024"));
      const work: Work = { kind: "resnet18", size: 64, views: 1, encodeOnly: true };
      const duel: Duel = {
        name: ENCODE,
        unit: "images/s",
        figure: "images_per_s",
        ours: ours.encode,
        peer: peer(count)(workers),
        more: (speed) => ({ ...share(work)(speed), note: `peer with ${workers} workers` }),
      };
      found.push(...(await takeTurns([duel], pace)));
    }
    if (chosen(probe)) {
      say(probe);
      const duel: Duel = {
        name: probe,
        unit: "epochs/s",
        figure: "epochs_per_s",
        ours: ours.probe,
        peer: { key: "peer", run: () => runPeer(peers, "probe_pytorch.py", [count], threads) },
      };
      found.push(...(await takeTurns([duel], pace)));
    }
    return found;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * How long rows of training, and `probing` rows without, take on a CPU, by formula: known before it begins, good to a third.
 *
 * @param searches numbers of loading processes that a peer is tried with
 */
export function secondsFor(
  asked: readonly Case[],
  probing: number,
  pace: PeerPace,
  gflops: number,
  searches = 3,
): number {
  const sides = new Map<string, number>();
  for (const one of asked) {
    const gflop = gflopOf(one.work);
    const measured = pace.rounds * secondsOf(one, pace.steps(gflop), pace.batch(gflop), gflops);
    sides.set([one.script, ...one.peer].join(" "), measured);
    sides.set(one.ours.join(" "), measured);
    const { batch, steps } = pace.search(gflop);
    sides.set(one.model, searches * secondsOf(one, steps, batch, gflops));
  }
  const others = probing * (2 * pace.rounds + searches) * OTHER;
  return [...sides.values()].reduce((sum, one) => sum + one, 0) + others;
}
