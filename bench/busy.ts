// Training on a machine that others use, too: what a step takes beside computing neighbours, and under a CPU quota, as a multiple of what it
// takes by itself; ours and PyTorch's in turns. Each run of a side is measured beside that side's own quiet one.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { numberIn, type Outcome, runUnlabel } from "./child.ts";
import { startNeighbours } from "./neighbours.ts";
import { type Peers, peerScript, runPeer, workerCounts } from "./peers.ts";
import { openQuota } from "./quota.ts";
import { type BenchOptions, type Row, row } from "./row.ts";
import { median } from "./stats.ts";
import { type Duel, type Side, takeTurns } from "./turns.ts";

/** Of two cores; what containers of small machines are given. */
const QUOTA = 1.5;

/** What the machine does meanwhile. */
const PLACES = {
  one: "beside 1 neighbour",
  two: "beside 2 neighbours",
  quota: `under a quota of ${QUOTA} cores`,
} as const;
type Place = keyof typeof PLACES;

/** A model as both sides train it, on images of 64 px. */
interface Model {
  name: string;
  ours: string[];
  script: string;
  peer: string[];
}

const unwatched = ["--set", "online=false", "--set", "health_every=0", "--set", "cache=off"];
const MAE_SMALL = "mae_small_pytorch.py";
/** The peer in its fastest form for fp32. */
const MODELS: readonly Model[] = [
  {
    name: "simclr resnet18",
    ours: ["--method", "simclr", "--preset", "report", "--encoder", "resnet18", "--set", "stem=7x7", ...unwatched],
    script: "simclr_pytorch.py",
    peer: ["--arch", "resnet18", "--channels-last", "--fused"],
  },
  {
    name: "mae small",
    ours: ["--method", "mae", "--preset", "small", ...unwatched],
    script: MAE_SMALL,
    peer: ["--patch", "8", "--width", "192", "--depth", "12", "--heads", "3", "--fused"],
  },
];

/** Steps count after two that warm up. */
const FULL = { batch: 32, steps: 16, rounds: 3 };
const QUICK = { batch: 4, steps: 2, rounds: 1 };
/** Steps of a run that looks for the best number of loading processes. */
const SEARCH = 6;

const nameOf = (model: Model, place: Place) => `${model.name} 64, ${PLACES[place]}`;
const places = Object.keys(PLACES) as Place[];

export function rowNames(): string[] {
  return MODELS.flatMap((model) => places.map((place) => nameOf(model, place)));
}

export async function run(options: BenchOptions, peers: Peers): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "unlabel-bench-"));
  const quota = openQuota(QUOTA);
  try {
    const found: Row[] = [];
    for (const model of MODELS) {
      const asked = places.filter((place) => options.rows?.test(nameOf(model, place)) ?? true);
      const none = typeof quota === "string" ? quota : null;
      const able = asked.filter((place) => place !== "quota" || none === null);
      if (able.length > 0) {
        options.say(model.name);
        found.push(...(await duel(model, able, typeof quota === "string" ? [] : quota.before, folder, options, peers)));
      }
      if (none !== null && asked.includes("quota"))
        found.push(row(nameOf(model, "quota"), "× quiet", null, null, { note: none }));
    }
    return found;
  } finally {
    if (typeof quota !== "string") quota[Symbol.dispose]();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param limited words that start a program under the quota */
async function duel(
  model: Model,
  at: readonly Place[],
  limited: readonly string[],
  folder: string,
  { quick, threads, data, device, say }: BenchOptions,
  peers: Peers,
): Promise<Row[]> {
  const pace = quick ? QUICK : FULL;
  const sizes = ["--size", "64", "--batch", String(pace.batch), "--threads", String(threads)];
  const out = mkdtempSync(join(folder, "ours-"));
  let runs = 0;
  const ours = async (before: readonly string[]) => {
    const end = ["--epochs", "100000", "--steps", String(pace.steps + 2), "--device", device];
    const args = ["pretrain", data, ...model.ours, ...sizes, ...end, "--out", join(out, String(runs++))];
    return numberIn(await runUnlabel(args, threads, { before }), "step_s");
  };
  const first = model.script === MAE_SMALL ? [peerScript("mae_pytorch.py")] : [];
  const theirs = async (workers: number, steps: number, before: readonly string[]) => {
    const flags = [...model.peer, ...sizes, "--steps", String(steps), "--workers", String(workers)];
    return numberIn(await runPeer(peers, model.script, [...first, data, ...flags], threads, before), "step_s");
  };
  const workers = quick ? 0 : await best(workerCounts(threads), (count) => theirs(count, SEARCH, []));
  const placed = (step: (before: readonly string[]) => Promise<number>) => async (place: Place | "quiet") => {
    if (place === "quiet") return step([]);
    if (place === "quota") return step(limited);
    using _neighbours = await startNeighbours(place === "one" ? 1 : 2);
    return await step([]);
  };
  const sides = {
    ours: multiples(`${model.name}, ours`, at, placed(ours), say),
    peer: multiples(
      `${model.name}, peer`,
      at,
      placed((before) => theirs(workers, pace.steps, before)),
      say,
    ),
  };
  const duels = at.map((place): Duel => {
    // The less a step is slowed, the better.
    const gain = (mine: number, other: number) => other / mine;
    return { name: nameOf(model, place), unit: "× quiet", figure: place, ...sides, gain };
  });
  const rows = await takeTurns(duels, pace);
  const told = (seconds: readonly number[]) => `${median(seconds).toFixed(3)} s`;
  return rows.map((one, i) => {
    const words = Object.entries(sides).map(
      ([whose, { seconds }]) => `${whose} ${told(seconds.quiet)} quiet, ${told(seconds[at[i]!])} so`,
    );
    return { ...one, note: [...words, `peer with ${workers} workers`].join("; ") };
  });
}

/** A side that is run by itself and at each place. */
interface Multiples extends Side {
  /** Of a step, round by round. */
  seconds: Record<Place | "quiet", number[]>;
}

/** A side that answers with its steps at some places as multiples of its quiet one, every second time in reverse order. */
export function multiples(
  key: string,
  at: readonly Place[],
  step: (place: Place | "quiet") => Promise<number>,
  say: (text: string) => void = () => {},
): Multiples {
  const seconds: Multiples["seconds"] = { quiet: [], one: [], two: [], quota: [] };
  const all = ["quiet" as const, ...at];
  const run = async (): Promise<Outcome> => {
    const began = performance.now();
    const isEven = seconds.quiet.length % 2 === 0;
    for (const place of isEven ? all : all.toReversed()) seconds[place].push(await step(place));
    const quiet = seconds.quiet.at(-1)!;
    const json = Object.fromEntries(all.map((place) => [place, seconds[place].at(-1)! / quiet]));
    const told = at.map((place) => `${json[place]!.toFixed(2)} × ${PLACES[place]}`);
    say(`${key}: a step of ${quiet.toFixed(3)} s takes ${told.join(", ")}`);
    return { json, seconds: (performance.now() - began) / 1000, mb: undefined };
  };
  return { key, run, seconds };
}

/** Of some numbers the one that takes the least. */
async function best(numbers: readonly number[], seconds: (one: number) => Promise<number>): Promise<number> {
  const all: [number, number][] = [];
  for (const one of numbers) all.push([one, await seconds(one)]);
  return all.reduce((least, next) => (next[1] < least[1] ? next : least))[0];
}
