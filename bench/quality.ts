// Quality for a fixed time of pretraining: ours and PyTorch's SimCLR, the same images, minutes and cores, one after the other.
// Each freezes its encoder, encodes all images once, and fits a linear probe on train; val is scored once.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../packages/unlabel/src/base/errors.ts";
import { RunDirectory } from "../packages/unlabel/src/run/directory.ts";
import { choosePrecision } from "../packages/unlabel/src/train/precision.ts";
import { numberIn, type Outcome, runUnlabel } from "./child.ts";
import { type Peers, runPeer } from "./peers.ts";
import { type BenchOptions, type Row, row } from "./row.ts";
import { smallCopy } from "./small-copy.ts";

const MINUTES = 12;

interface Side {
  untrained: number;
  top1: number;
  f1: number;
  seen: number;
  speed: number;
  minutes: number;
  mb: number | undefined;
}

export async function run({ quick, threads, data, minutes, say }: BenchOptions, peers: Peers): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "unlabel-bench-"));
  try {
    const images = quick ? await smallCopy(data, join(folder, "data"), { train: 256, val: 64 }) : data;
    const budget = minutes ?? (quick ? 0.1 : MINUTES);
    say(`PyTorch: ${budget} minutes of pretraining, then the probe`);
    const peer = await theirs(peers, images, budget, threads);
    say(`unlabel: ${budget} minutes of pretraining, then the probe`);
    const mine = await ours(images, budget, threads, folder);
    return rows(mine, peer);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function rows(ours: Side, peer: Side): Row[] {
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

async function theirs(peers: Peers, data: string, minutes: number, threads: number): Promise<Side> {
  // Where bf16 is not faster, an expert would not use it.
  const precision = choosePrecision("auto", "cpu") === "bf16" ? [] : ["--no-bf16"];
  const found = await runPeer(peers, "quality_pytorch.py", [data, "--minutes", String(minutes), ...precision], threads);
  const [top1, f1] = pair(found, "trained_acc_f1");
  const [untrained] = pair(found, "untrained_acc_f1");
  const [seen, speed] = [numberIn(found, "images_seen"), numberIn(found, "images_per_s")];
  return { untrained, top1, f1, seen, speed, minutes: seen / speed / 60, mb: found.mb };
}

/** Preset `small` as it is. */
async function ours(data: string, minutes: number, threads: number, folder: string): Promise<Side> {
  const out = join(folder, "run");
  const cores = ["--threads", String(threads)];
  // No label is looked at before the probe, so none beside the training either.
  const flags = ["--method", "simclr", "--set", "online=false", "--budget", `${Math.round(60 * minutes)}s`, ...cores];
  const { mb } = await runUnlabel(["pretrain", data, ...flags, "--out", out], threads);
  const { config, result } = RunDirectory.open(out).info;
  if (!result) throw new UserError(`Expected a run that is done in ${out}, got one without a result`);
  const seen = result.steps * config.batch;
  const probed = await runUnlabel(["probe", out, "--no-pixels", ...cores], threads);
  const untrained: unknown = probed.json.untrained;
  if (typeof untrained !== "object" || untrained === null || !("top1" in untrained)) {
    throw new UserError("Expected the probe to score the untrained encoder, got nothing");
  }
  return {
    untrained: Number(untrained.top1),
    top1: numberIn(probed, "top1"),
    f1: numberIn(probed, "f1"),
    seen,
    speed: seen / result.seconds,
    minutes: result.seconds / 60,
    mb,
  };
}

function pair({ json }: Outcome, key: string): [number, number] {
  const value = json[key];
  if (Array.isArray(value)) {
    const [first, second]: unknown[] = value;
    if (typeof first === "number" && typeof second === "number") return [first, second];
  }
  throw new UserError(`Expected two numbers for ${key} in a result, got ${JSON.stringify(value)}`);
}
