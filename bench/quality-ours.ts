// What some minutes of pretraining by our command line come to: the encoder frozen, a linear probe fitted on train, val scored once.
import { UserError } from "../packages/unlabel/src/base/errors.ts";
import { RunDirectory } from "../packages/unlabel/src/run/directory.ts";
import { numberIn, type Outcome, type Place, runUnlabel } from "./child.ts";

export interface Quality {
  /** Shares of 1. */
  untrained: number;
  top1: number;
  f1: number;
  /** Images seen. */
  seen: number;
  /** Images a second. */
  speed: number;
  minutes: number;
  mb: number | undefined;
}

/** How long, on how many cores, of which commit, and where the run is put. */
export interface Asked extends Place {
  data: string;
  minutes: number;
  threads: number;
  seed: number;
  out: string;
  /** Where ours computes; by default where it would by itself. */
  device?: string;
}

/** SimCLR by the default preset of the commit. No label is looked at before the probe, so none beside the training either. */
export async function qualityOfOurs({ data, minutes, threads, seed, out, device, ...place }: Asked): Promise<Quality> {
  const cores = ["--threads", String(threads), ...(device ? ["--device", device] : [])];
  const time = ["--budget", `${Math.round(60 * minutes)}s`, "--seed", String(seed)];
  const flags = ["--method", "simclr", "--set", "online=false", ...time, ...cores];
  const { mb } = await runUnlabel(["pretrain", data, ...flags, "--out", out], threads, place);
  const { config, result } = RunDirectory.open(out).info;
  if (!result) throw new UserError(`Expected a run that is done in ${out}, got one without a result`);
  const seen = result.steps * config.batch;
  const probed = await runUnlabel(["probe", out, "--no-pixels", ...cores], threads, place);
  return {
    untrained: untrainedOf(probed),
    top1: numberIn(probed, "top1"),
    f1: numberIn(probed, "f1"),
    seen,
    speed: seen / result.seconds,
    minutes: result.seconds / 60,
    mb,
  };
}

function untrainedOf({ json: { untrained } }: Outcome): number {
  if (typeof untrained === "object" && untrained !== null && "top1" in untrained) return Number(untrained.top1);
  throw new UserError("Expected the probe to score the untrained encoder, got nothing");
}
