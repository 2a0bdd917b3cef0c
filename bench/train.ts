// Speed of training, encoding and probing beside PyTorch and lightly: the two sides turn by turn, warm, data loading included,
// the peer at its best worker count.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { numberIn, type Outcome, runScript, runUnlabel } from "./child.ts";
import { gflopOf, measureFloor, type Work } from "./floor.ts";
import { type Peers, runPeer } from "./peers.ts";
import { type BenchOptions, median, type Row, row } from "./row.ts";
import { CASES, type Case, tuned } from "./train-cases.ts";

const WORKERS = [0, 1, 2];

interface Pace {
  batch: number;
  /** Steps that count, after those that warm up, by image size. */
  steps: Record<Case["size"], number>;
  /** Each side runs this often, turn by turn; the median counts. */
  rounds: number;
  /** Images encoded, and features probed. */
  images: number;
}

const FULL: Pace = { batch: 32, steps: { 64: 30, 224: 4 }, rounds: 2, images: 4096 };
const QUICK: Pace = { batch: 4, steps: { 64: 1, 224: 1 }, rounds: 1, images: 64 };

export async function run({ quick, threads, data, say }: BenchOptions, peers: Peers): Promise<Row[]> {
  const pace = quick ? QUICK : FULL;
  const folder = mkdtempSync(join(tmpdir(), "unlabel-bench-"));
  try {
    const gflops = await measureFloor(threads, quick);
    say(`matrix products: ${gflops.toFixed(0)} GFLOP/s`);
    const share = (work: Work | null, speed: number) => (work ? { floor: (speed * gflopOf(work)) / gflops } : {});
    const rows: Row[] = [];
    const add = async (name: string, unit: string, key: Key, sides: Sides, more: (speed: number) => Partial<Row>) => {
      say(name);
      const { ours, peer } = await alternate(sides, pace.rounds);
      const speed = median(ours.map((one) => numberIn(one, key)));
      const memory = { ours_mb: peak(ours), peer_mb: peak(peer) };
      rows.push(row(name, unit, speed, median(peer.map((one) => numberIn(one, key))), { ...memory, ...more(speed) }));
    };

    const best = new Map<string, number>();
    for (const one of CASES) {
      const { name, size, work, script, note } = one;
      const key = `${script} ${size}`;
      const workers = best.get(key) ?? (quick ? 0 : await bestWorkers(one, data, threads, peers));
      best.set(key, workers);
      const steps = pace.steps[size];
      const sides: Sides = {
        ours: (round) =>
          runUnlabel(
            [
              ...["pretrain", data, ...one.ours, "--size", String(size), "--batch", String(pace.batch)],
              // One more than the peer: the step after which its clock starts.
              ...["--epochs", "1000", "--steps", String(steps + 3), "--threads", String(threads)],
              ...["--out", join(folder, `${rows.length}-${round}`)],
            ],
            threads,
          ),
        peer: () => runPeer(peers, script, peerFlags(one, data, pace.batch, steps, workers, threads), threads),
      };
      const said = `peer with ${workers} workers${note ? `; ${note}` : ""}`;
      await add(name, "images/s", "images_per_s", sides, (speed) => ({ ...share(work, speed), note: said }));
    }

    const count = String(pace.images);
    const workers = best.get("simclr_pytorch.py 64") ?? 0;
    const encoded = {
      ours: () => runScript("encode.ts", [data, count, String(threads)], threads),
      peer: () => runPeer(peers, "encode_pytorch.py", [data, count, "--workers", String(workers)], threads),
    };
    const encoding: Work = { kind: "resnet18", size: 64, views: 1, encodeOnly: true };
    await add("encode resnet18 64", "images/s", "images_per_s", encoded, (speed) => share(encoding, speed));
    const probed = {
      ours: () => runScript("probe.ts", [count, String(threads)], threads),
      peer: () => runPeer(peers, "probe_pytorch.py", [count], threads),
    };
    await add(`probe, ${count} features of 512`, "epochs/s", "epochs_per_s", probed, () => ({}));
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Key = "images_per_s" | "epochs_per_s";

interface Sides {
  ours(round: number): Promise<Outcome>;
  peer(round: number): Promise<Outcome>;
}

/** Turn by turn, so that a machine that grows slower does so for both. */
async function alternate({ ours, peer }: Sides, rounds: number): Promise<Record<"ours" | "peer", Outcome[]>> {
  const found: Record<"ours" | "peer", Outcome[]> = { ours: [], peer: [] };
  for (let round = 0; round < rounds; round++) {
    found.peer.push(await peer(round));
    found.ours.push(await ours(round));
  }
  return found;
}

function peak(outcomes: Outcome[]): number | undefined {
  const known = outcomes.flatMap(({ mb }) => mb ?? []);
  return known.length > 0 ? Math.max(...known) : undefined;
}

function peerFlags(one: Case, data: string, batch: number, steps: number, workers: number, threads: number): string[] {
  const numbers = { size: one.size, batch, steps, workers, threads };
  return [data, ...one.peer, ...Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)])];
}

/** The worker count with which the peer's tuned form is fastest, by a short run of each. */
async function bestWorkers(one: Case, data: string, threads: number, peers: Peers): Promise<number> {
  const flags = one.script === "simclr_pytorch.py" ? [...new Set([...one.peer, ...tuned])] : one.peer;
  const speeds: [workers: number, speed: number][] = [];
  for (const workers of WORKERS) {
    const args = peerFlags({ ...one, peer: flags }, data, FULL.batch, one.size === 224 ? 2 : 12, workers, threads);
    speeds.push([workers, numberIn(await runPeer(peers, one.script, args, threads), "images_per_s")]);
  }
  return speeds.reduce((best, next) => (next[1] > best[1] ? next : best))[0];
}
