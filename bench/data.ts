// Speed of decoding and augmenting beside torchvision: the same files, the two sides turn by turn, the peer with its best of PIL
// and v2 transforms at its best worker count. Then what the loader takes in memory, and how long training waits for it.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openData } from "../packages/unlabel/src/data/open.ts";
import { numberIn, runScript, runUnlabel } from "./child.ts";
import { type Peers, runPeer } from "./peers.ts";
import { type BenchOptions, type Row, row } from "./row.ts";
import { median } from "./stats.ts";

const BATCH = 32;

interface Pace {
  /** Images of the small set, and of the full-size photographs. */
  images: Record<"imagenette" | "photos", number>;
  rounds: number;
  /** Training steps over which waiting is measured. */
  steps: number;
}

const FULL: Pace = { images: { imagenette: 1024, photos: 320 }, rounds: 3, steps: 40 };
const QUICK: Pace = { images: { imagenette: 96, photos: 64 }, rounds: 1, steps: 4 };

export async function run(options: BenchOptions, peers: Peers): Promise<Row[]> {
  const { data, quick, threads, say } = options;
  const pace = quick ? QUICK : FULL;
  const folder = mkdtempSync(join(tmpdir(), "unlabel-bench-"));
  const roots = { imagenette: data, photos: join(data, "..", "photos") };
  try {
    const rows: Row[] = [];
    const lists: Partial<Record<keyof typeof roots, string>> = {};
    for (const set of ["imagenette", "photos"] as const) {
      if (existsSync(roots[set]))
        lists[set] = await writeList(roots[set], pace.images[set], join(folder, `${set}.txt`));
      else say(`Expected photographs in ${roots[set]}, found none; their rows are left out`);
    }
    for (const work of ["decode", "simclr"] as const) {
      for (const set of ["imagenette", "photos"] as const) {
        const list = lists[set];
        if (!list) continue;
        for (const size of [224, 64]) {
          const name = `${work === "decode" ? "decode+crop" : "simclr two views"} ${size} ${set}`;
          say(name);
          rows.push(await compare(name, list, work, size, pace.rounds, threads, peers));
        }
      }
    }
    say("loader");
    const list = await writeList(data, Number.POSITIVE_INFINITY, join(folder, "all.txt"));
    const loaded = await runScript("load.ts", [list, "simclr", "64", "64", String(threads)], threads);
    rows.push(row("loader memory MB", "MB", numberIn(loaded, "grown_mb"), null, { note: "small, one epoch of views" }));
    const wait = await waitShare(data, join(folder, "run"), pace.steps, threads);
    rows.push(row("loader wait share", "of a step", wait, null, { note: "simclr small, 64 px" }));
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Paths of every n-th image, one a line. */
async function writeList(root: string, count: number, to: string): Promise<string> {
  const { train } = await openData(root);
  const step = Math.max(1, train.items.length / count);
  const kept = Array.from(
    { length: Math.min(count, train.items.length) },
    (_, i) => train.items[Math.floor(i * step)]!,
  );
  writeFileSync(to, kept.map(({ path }) => join(train.root, path)).join("\n"));
  return to;
}

async function compare(
  name: string,
  list: string,
  work: "decode" | "simclr",
  size: number,
  rounds: number,
  threads: number,
  peers: Peers,
): Promise<Row> {
  const flags = [list, "--work", work, "--size", String(size), "--batch", String(BATCH)];
  const script = "data_torchvision.py";
  const all = await runPeer(peers, script, flags, threads);
  const [kind, workers] = String(all.json.best).split(" ") as [string, string];
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const mine = await runScript("load.ts", [list, work, String(size), String(BATCH), String(threads)], threads);
    ours.push(numberIn(mine, "views_per_s"));
    const peer = await runPeer(peers, script, [...flags, "--kinds", kind, "--workers", workers], threads);
    theirs.push(numberIn(peer, "views_per_s"));
  }
  const names: Record<string, string> = { pil: "PIL", v2: "v2 on tensors" };
  const [other, speed] = Object.entries(all.json.speeds as Record<string, number>)
    .filter(([each]) => !each.startsWith(kind))
    .reduce((best, each) => (each[1] > best[1] ? each : best));
  const note = `peer: ${names[kind]}, ${workers} workers; ${names[other.split(" ")[0]!]} at best ${speed.toFixed(0)}`;
  return row(name, "views/s", median(ours), median(theirs), { note });
}

/** Seconds waited for data over seconds trained, after the first steps, every image decoded anew. */
async function waitShare(data: string, out: string, steps: number, threads: number): Promise<number> {
  const flags = ["--method", "simclr", "--preset", "small", "--epochs", "1000", "--steps", String(steps + 2)];
  await runUnlabel(
    ["pretrain", data, ...flags, "--set", "cache=off", "--threads", String(threads), "--out", out],
    threads,
  );
  const metrics: Record<string, number>[] = readFileSync(join(out, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const [first, last] = [metrics[1]!, metrics.at(-1)!];
  const waited = metrics.slice(2).reduce((sum, line) => sum + (line["data/wait_s"] ?? 0), 0);
  return waited / (last.seconds! - first.seconds!);
}
