// Which run is asked for: a new one, or an old one to be continued. Everything that can be refused is refused here,
// before LibTorch is loaded.

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { UsageError } from "../base/errors.ts";
import { writableFile } from "../base/files.ts";
import { commandLine, shellWord } from "../base/shell.ts";
import type { Config } from "../config/common.ts";
import type { Sources } from "../config/resolve.ts";
import type { Settings } from "../config/settings.ts";
import { resolveConfig } from "../methods/registry.ts";
import { RunDirectory, refuseTaken } from "../run/directory.ts";

export interface Request {
  /** Folder of images; a resumed run knows its own. */
  data?: string | undefined;
  /** A file's and flags' settings, over those of the preset. */
  settings: Sources;
  /** Run directory; by default `runs/METHOD-PRESET-TIME`. */
  out?: string | undefined;
  /** Goes on with the run in `out`. */
  resume?: boolean;
  /** Prints where the time of a few steps goes, and writes profile.json and trace.json into the run. */
  profile?: boolean;
  /**
   * The command line that goes on with it after an interruption, where that is not `pretrain --resume` since it is a part of something
   * larger; null where whoever asked tells.
   */
  goOn?: string | null;
}

export interface Plan {
  config: Config;
  data: string;
  out: string;
  /** The run to continue, or null for a new one. */
  run: RunDirectory | null;
  profile: boolean;
  /** What goes on with it after an interruption; null where somebody else tells. */
  goOn: string | null;
}

/** What may change when a run goes on; anything else would make it another run. */
const CHANGEABLE = new Set([
  "epochs",
  "steps",
  "threads",
  "device",
  "cache_mb",
  "checkpoint_every_epochs",
  "health_every",
  "online",
]);

/**
 * @throws {UsageError} where the request is incomplete or contradicts the run that it continues
 * @throws {UserError} where the run directory is taken, missing or cannot be written to, or its checkpoint is
 */
export function plan({ data, settings, out, resume = false, profile = false, goOn }: Request): Plan {
  const again = (path: string) =>
    goOn === undefined ? commandLine("pretrain", "--resume", "--out", shellWord(path)) : goOn;
  if (resume) {
    const planned = planResume(data, settings, out);
    return { ...planned, profile, goOn: again(planned.out) };
  }
  if (data === undefined)
    throw new UsageError(
      `Expected a folder of images, as in: ${commandLine("pretrain", "DATA", "--method", "simclr")}`,
    );
  const config = resolveConfig(settings);
  const path = out ?? join("runs", `${config.method}-${config.preset}-${stamp(new Date())}`);
  refuseTaken(path);
  writableFile(join(path, "run.json"));
  return { config, data, out: path, run: null, profile, goOn: again(path) };
}

function planResume(
  data: string | undefined,
  { file, flags = {} }: Sources,
  out: string | undefined,
): Omit<Plan, "profile" | "goOn"> {
  if (out === undefined) throw new UsageError("Expected --out RUN beside --resume, to say which run goes on");
  const run = RunDirectory.open(out);
  run.refuseLost();
  writableFile(join(out, "run.json"));
  const before = run.info.config;
  const changes: Settings = { ...file?.settings, ...flags };
  const config = resolveConfig({ file: { name: join(out, "run.json"), settings: { ...before } }, flags: changes });
  for (const [key, value] of Object.entries(config)) {
    const was: unknown = before[key as keyof Config];
    if (!CHANGEABLE.has(key) && JSON.stringify(value) !== JSON.stringify(was)) {
      throw new UsageError(
        `Expected ${key} ${JSON.stringify(was)} as ${out} began with, got ${JSON.stringify(value)}; start a new run instead`,
      );
    }
  }
  return { config, data: data ?? run.info.data.root, out, run };
}

/** A moment as a part of a folder's name: `20260131-235959`, local time. */
export function stamp(moment: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  const day = `${moment.getFullYear()}${two(moment.getMonth() + 1)}${two(moment.getDate())}`;
  return `${day}-${two(moment.getHours())}${two(moment.getMinutes())}${two(moment.getSeconds())}`;
}

/** The commit of the project that `folder` is in, or null where it is in none. */
export function commitOf(folder: string): string | null {
  try {
    const stdio: ["ignore", "pipe", "ignore"] = ["ignore", "pipe", "ignore"];
    return execFileSync("git", ["rev-parse", "HEAD"], { cwd: folder, encoding: "utf8", stdio }).trim();
  } catch {
    return null;
  }
}
