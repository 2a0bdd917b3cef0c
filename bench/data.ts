// Speed of decoding and augmenting, then what the loader takes in memory, and how long training waits for it: beside torchvision
// (the same files, turn by turn, the peer with its best of PIL and v2 transforms at its best worker count), or another commit.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openData } from "../packages/unlabel/src/data/open.ts";
import type { BuiltCommit } from "../scripts/commit.ts";
import { beside } from "./against.ts";
import { runScript, runUnlabel } from "./child.ts";
import { type Peers, runPeer, workerCounts } from "./peers.ts";
import type { BenchOptions, Row } from "./row.ts";
import { type Duel, type Side, type Turns, takeTurns } from "./turns.ts";

const BATCH = 32;

interface Pace {
  /** Images of the small set and of the full-size photographs, to be read at a size in pixels; more than there are repeat. */
  images: Record<"imagenette" | "photos", (size: number) => number>;
  rounds: number;
  /** Training steps over which waiting is measured. */
  steps: number;
}

const FULL: Pace = { images: { imagenette: () => 1024, photos: () => 320 }, rounds: 3, steps: 40 };
const QUICK: Pace = { images: { imagenette: () => 96, photos: () => 64 }, rounds: 1, steps: 4 };
/** Some three seconds each: what ran for half a second differed by a third from itself on a shared machine. */
const AGAINST: Pace = {
  images: { imagenette: (size) => (size > 64 ? 8192 : 16384), photos: (size) => (size > 64 ? 2560 : 4096) },
  rounds: 3,
  steps: 14,
};

interface Timed {
  name: string;
  work: "decode" | "simclr";
  set: "imagenette" | "photos";
  size: number;
}

const TIMED = (["decode", "simclr"] as const).flatMap((work) =>
  (["imagenette", "photos"] as const).flatMap((set) =>
    [224, 64].map((size): Timed => {
      return { name: `${work === "decode" ? "decode+crop" : "simclr two views"} ${size} ${set}`, work, set, size };
    }),
  ),
);
const MEMORY = "loader memory MB";
const WAIT = "loader wait share";

export function rowNames(): string[] {
  return [...TIMED.map(({ name }) => name), MEMORY, WAIT];
}

export const againstNames = rowNames;

/** Beside torchvision; memory and waiting are measured once, and alone. */
export function run(options: BenchOptions, peers: Peers): Promise<Row[]> {
  const pace = options.quick ? QUICK : FULL;
  const timed = (one: Timed, list: string) => bestPeer(peers, one, list, options.threads);
  return measure(options, pace, { timed, turns: pace, once: { rounds: 1 } });
}

export function against(options: BenchOptions, before: BuiltCommit): Promise<Row[]> {
  const pace = options.quick ? QUICK : AGAINST;
  const theirs = ourSides(options, pace, before.root);
  const turns = beside(before, pace.rounds, options.quick);
  const timed = async (one: Timed, list: string) => ({ peer: theirs.timed(one, list) });
  return measure(options, pace, {
    timed,
    memory: theirs.memory,
    wait: theirs.wait,
    turns,
    once: { ...turns, rounds: Math.min(2, pace.rounds) },
  });
}

/** Who stands beside ours in each kind of row, and how often. */
interface Other {
  timed(one: Timed, list: string): Promise<Pick<Duel, "peer" | "more">>;
  memory?: (list: string) => Side;
  wait?: (folder: string) => Side;
  turns: Turns;
  /** Turns of memory and waiting. */
  once: Turns;
}

async function measure(options: BenchOptions, pace: Pace, other: Other): Promise<Row[]> {
  const { data, rows: wanted, say } = options;
  const chosen = (name: string) => wanted?.test(name) ?? true;
  const folder = mkdtempSync(join(tmpdir(), "unlabel-bench-"));
  const roots = { imagenette: data, photos: join(data, "..", "photos") };
  const ours = ourSides(options, pace);
  const rows: Row[] = [];
  const add = async (duel: Duel, turns: Turns) => rows.push(...(await takeTurns([duel], turns)));
  try {
    for (const set of ["imagenette", "photos"] as const) {
      if (!existsSync(roots[set])) say(`Expected photographs in ${roots[set]}, found none; their rows are left out`);
    }
    for (const one of TIMED.filter(({ name, set }) => chosen(name) && existsSync(roots[set]))) {
      say(one.name);
      const list = await writeList(roots[one.set], pace.images[one.set](one.size), join(folder, `${one.set}.txt`));
      const peer = await other.timed(one, list);
      const what = { name: one.name, unit: "views/s", figure: "views_per_s" };
      await add({ ...what, ours: ours.timed(one, list), ...peer }, other.turns);
    }
    if (chosen(MEMORY)) {
      say(MEMORY);
      const list = await writeList(data, Number.POSITIVE_INFINITY, join(folder, "all.txt"));
      const what = {
        name: MEMORY,
        unit: "MB",
        figure: "grown_mb",
        more: () => ({ note: "small, one epoch of views" }),
      };
      const gain = (now: number, before: number) => before / now;
      await add({ ...what, ours: ours.memory(list), peer: other.memory?.(list), gain }, other.once);
    }
    if (chosen(WAIT)) {
      say(WAIT);
      const peer = other.wait?.(join(folder, "before"));
      const note = `simclr small, 64 px${peer ? "; the ratio is of the time without waiting" : ""}`;
      const what = { name: WAIT, unit: "of a step", figure: "wait_share", more: () => ({ note }) };
      const gain = (now: number, before: number) => (1 - now) / (1 - before);
      await add({ ...what, ours: ours.wait(join(folder, "now")), peer, gain }, other.once);
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Our programs, of this tree or of another commit's at `root`. */
function ourSides({ data, threads }: BenchOptions, { steps }: Pace, root?: string) {
  const key = root ?? "ours";
  const load = (list: string, work: string, size: number, batch: number): Side => ({
    key,
    run: () => runScript("load.ts", [list, work, String(size), String(batch), String(threads)], threads, { root }),
  });
  return {
    timed: ({ work, size }: Timed, list: string) => load(list, work, size, BATCH),
    memory: (list: string) => load(list, "simclr", 64, 64),
    /** Every image decoded anew. @param folder where runs are put */
    wait(folder: string): Side {
      let runs = 0;
      const flags = ["--method", "simclr", "--preset", "small", "--epochs", "1000", "--steps", String(steps + 2)];
      const run = async () => {
        const out = join(folder, String(runs++));
        const rest = ["--set", "cache=off", "--threads", String(threads), "--out", out];
        const outcome = await runUnlabel(["pretrain", data, ...flags, ...rest], threads, { root });
        return { ...outcome, json: { wait_share: waitShare(out) } };
      };
      return { key, run };
    },
  };
}

/** Paths of every n-th image, one a line; all of them, again and again, where more are asked for than there are. */
async function writeList(root: string, count: number, to: string): Promise<string> {
  const { train } = await openData(root);
  const { items } = train;
  const step = Math.max(1, items.length / count);
  const total = Number.isFinite(count) ? count : items.length;
  const kept = Array.from({ length: total }, (_, i) => items[Math.floor(i * step) % items.length]!);
  writeFileSync(to, kept.map(({ path }) => join(train.root, path)).join("\n"));
  return to;
}

/** The peer as it is fastest, looked for before turns are taken. */
async function bestPeer(
  peers: Peers,
  { work, size }: Timed,
  list: string,
  threads: number,
): Promise<Pick<Duel, "peer" | "more">> {
  const flags = [
    list,
    "--work",
    work,
    "--size",
    String(size),
    "--batch",
    String(BATCH),
    "--workers",
    workerCounts(threads).join(","),
  ];
  const script = "data_torchvision.py";
  const all = await runPeer(peers, script, flags, threads);
  const [kind, workers] = String(all.json.best).split(" ") as [string, string];
  const names: Record<string, string> = { pil: "PIL", v2: "v2 on tensors" };
  const [other, speed] = Object.entries(all.json.speeds as Record<string, number>)
    .filter(([each]) => !each.startsWith(kind))
    .reduce((best, each) => (each[1] > best[1] ? each : best));
  const note = `peer: ${names[kind]}, ${workers} workers; ${names[other.split(" ")[0]!]} at best ${speed.toFixed(0)}`;
  const run = () => runPeer(peers, script, [...flags, "--kinds", kind, "--workers", workers], threads);
  return { peer: { key: "peer", run }, more: () => ({ note }) };
}

/** Seconds that a run waited for data over seconds it trained, after the first steps. */
function waitShare(run: string): number {
  const metrics: Record<string, number>[] = readFileSync(join(run, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const [first, last] = [metrics[1]!, metrics.at(-1)!];
  const waited = metrics.slice(2).reduce((sum, line) => sum + (line["data/wait_s"] ?? 0), 0);
  return waited / (last.seconds! - first.seconds!);
}
