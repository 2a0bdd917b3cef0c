// Quality for a fixed time of pretraining: ours and PyTorch's SimCLR, the same images, minutes and cores, one after the other.
// Each freezes its encoder, encodes all images once, and fits a linear probe on train; val is scored once.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../packages/unlabel/src/base/errors.ts";
import { choosePrecision } from "../packages/unlabel/src/train/precision.ts";
import { numberIn, type Outcome } from "./child.ts";
import { type Peers, runPeer } from "./peers.ts";
import { type Quality, qualityOfOurs } from "./quality-ours.ts";
import { type BenchOptions, type Row, row } from "./row.ts";
import { smallCopy } from "./small-copy.ts";

const MINUTES = 12;

export async function run({ quick, threads, data, minutes, say }: BenchOptions, peers: Peers): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "unlabel-bench-"));
  try {
    const images = quick ? await smallCopy(data, join(folder, "data"), { train: 256, val: 64 }) : data;
    const budget = minutes ?? (quick ? 0.1 : MINUTES);
    say(`PyTorch: ${budget} minutes of pretraining, then the probe`);
    const peer = await theirs(peers, images, budget, threads);
    say(`unlabel: ${budget} minutes of pretraining, then the probe`);
    // The peer's script knows no GPU.
    const asked = { data: images, minutes: budget, threads, seed: 0, out: join(folder, "run"), device: "cpu" };
    const mine = await qualityOfOurs(asked);
    return rows(mine, peer);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function rows(ours: Quality, peer: Quality): Row[] {
  const percent = (name: string, key: "untrained" | "top1" | "f1") => row(name, "%", 100 * ours[key], 100 * peer[key]);
  return [
    percent("untrained, top-1", "untrained"),
    percent("trained, top-1", "top1"),
    percent("trained, macro-F1", "f1"),
    row("top-1 above the peer", "points", 100 * (ours.top1 - peer.top1), null),
    row("images seen", "images", ours.seen, peer.seen),
    row("speed of pretraining", "images/s", ours.speed, peer.speed, { ours_mb: ours.mb, peer_mb: peer.mb }),
    row("pretraining", "minutes", ours.minutes, peer.minutes),
  ];
}

async function theirs(peers: Peers, data: string, minutes: number, threads: number): Promise<Quality> {
  // Where bf16 is not faster, an expert would not use it.
  const precision = choosePrecision("auto", "cpu") === "bf16" ? [] : ["--no-bf16"];
  const found = await runPeer(peers, "quality_pytorch.py", [data, "--minutes", String(minutes), ...precision], threads);
  const [top1, f1] = pair(found, "trained_acc_f1");
  const [untrained] = pair(found, "untrained_acc_f1");
  const [seen, speed] = [numberIn(found, "images_seen"), numberIn(found, "images_per_s")];
  return { untrained, top1, f1, seen, speed, minutes: seen / speed / 60, mb: found.mb };
}

function pair({ json }: Outcome, key: string): [number, number] {
  const value = json[key];
  if (Array.isArray(value)) {
    const [first, second]: unknown[] = value;
    if (typeof first === "number" && typeof second === "number") return [first, second];
  }
  throw new UserError(`Expected two numbers for ${key} in a result, got ${JSON.stringify(value)}`);
}
