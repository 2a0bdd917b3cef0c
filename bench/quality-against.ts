// Bench `quality` beside another commit of ours: each commit's own default preset, the same images, minutes and cores, in turns, with
// three seeds; what counts is the linear probe.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BuiltCommit } from "../scripts/commit.ts";
import { type Quality, qualityOfOurs } from "./quality-ours.ts";
import { type BenchOptions, type Row, row } from "./row.ts";
import { smallCopy } from "./small-copy.ts";
import { mean, spread } from "./stats.ts";

const MINUTES = 12;
const SEEDS = [0, 1, 2];

export async function against(options: BenchOptions, before: BuiltCommit): Promise<Row[]> {
  const { quick, threads, data, say } = options;
  const folder = mkdtempSync(join(tmpdir(), "unlabel-bench-"));
  try {
    const images = quick ? await smallCopy(data, join(folder, "data"), { train: 256, val: 64 }) : data;
    const minutes = options.minutes ?? (quick ? 0.1 : MINUTES);
    const seeds = quick ? SEEDS.slice(0, 1) : SEEDS;
    const sides = { now: undefined, before: before.root } as const;
    const found: Record<keyof typeof sides, Quality[]> = { now: [], before: [] };
    for (const [turn, seed] of seeds.entries()) {
      const names = ["before", "now"] as const;
      for (const side of turn % 2 === 0 ? names : names.toReversed()) {
        say(`${side}, seed ${seed}: ${minutes} minutes of pretraining, then the probe`);
        const root = sides[side];
        const asked = { data: images, minutes, threads, seed, out: join(folder, `${side}-${seed}`) };
        found[side].push(await qualityOfOurs({ ...asked, ...(root !== undefined && { root }) }));
      }
    }
    return rowsOf(found.now, found.before, seeds);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function rowsOf(now: readonly Quality[], before: readonly Quality[], seeds: readonly number[]): Row[] {
  const all = (side: readonly Quality[], key: "untrained" | "top1" | "f1") => side.map((one) => 100 * one[key]);
  const percent = (name: string, key: "untrained" | "top1" | "f1") => {
    const [ours, theirs] = [all(now, key), all(before, key)];
    const note = `seeds ${seeds.join(", ")}: today ${spread(ours)}, before ${spread(theirs)}`;
    return row(name, "%", mean(ours), mean(theirs), { note });
  };
  const figures = (side: readonly Quality[], key: "seen" | "speed" | "minutes") => mean(side.map((one) => one[key]));
  const points = mean(all(now, "top1")) - mean(all(before, "top1"));
  return [
    // Other encoders begin elsewhere: no gain and no loss.
    { ...percent("untrained, top-1", "untrained"), ratio: null },
    percent("trained, top-1", "top1"),
    percent("trained, macro-F1", "f1"),
    row("top-1 above before", "points", points, null),
    { ...row("images seen", "images", figures(now, "seen"), figures(before, "seen")), ratio: null },
    { ...row("speed of pretraining", "images/s", figures(now, "speed"), figures(before, "speed")), ratio: null },
    { ...row("pretraining", "minutes", figures(now, "minutes"), figures(before, "minutes")), ratio: null },
  ];
}

export function againstNames(): string[] {
  return [];
}
