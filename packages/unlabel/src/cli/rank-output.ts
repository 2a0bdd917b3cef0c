// What ranks other than 0 say: nothing, unless they alone know why the command fails. Under `launch` that is kept for the launcher.
import { Socket } from "node:net";
import { isAlike } from "../base/errors.ts";
import type { Ranks } from "../train/ranks.ts";
import { ranksFromEnv } from "../train/ranks-env.ts";
import { beSilent } from "./output.ts";

/** Commands whose work ranks share; any other is done by rank 0, and the others have nothing to do. */
export const SHARED: ReadonlySet<string> = new Set(["pretrain", "compare", "evaluate", "probe", "knn", "embed"]);

/** The rank that this process is for a command; null where it is the only one. @throws {UserError} as {@link ranksFromEnv} does */
export function rankFor(command: string | undefined): Ranks | null {
  try {
    const ranks = ranksFromEnv();
    return ranks.worldSize > 1 ? ranks : null;
  } catch (error) {
    // Variables that are meant for others do not matter to what one process does.
    if (command !== undefined && SHARED.has(command)) throw error;
    return null;
  }
}

/** Leaves out what launchers have said: from here on this process, and those that it starts, work by themselves. */
export function workAlone(env: NodeJS.ProcessEnv = process.env): void {
  const names = [
    "RANK",
    "WORLD_SIZE",
    "LOCAL_RANK",
    "LOCAL_WORLD_SIZE",
    "SLURM_STEP_ID",
    "PET_NNODES",
    "PET_NPROC_PER_NODE",
  ];
  for (const name of names) delete env[name];
}

/**
 * Swallows what this process writes from here on, unless `--show-ranks` asked for it.
 *
 * @returns writes to stderr all the same
 */
export function swallowOutput(env: NodeJS.ProcessEnv = process.env): (text: string) => void {
  const say = process.stderr.write.bind(process.stderr);
  if (!env.UNLABEL_SHOW_RANKS) {
    beSilent();
    for (const stream of [process.stdout, process.stderr]) stream.write = swallow as typeof stream.write;
  }
  return (text) => void say(text);
}

/** As a stream that takes everything at once. */
function swallow(_: unknown, encoding?: unknown, done?: unknown): boolean {
  const called = typeof encoding === "function" ? encoding : done;
  if (typeof called === "function") called();
  return true;
}

/** What a rank says of an error that ended it; null where rank 0 says it. */
export function ownWords({ rank, worldSize }: Ranks, error: unknown, exitCode: number, text: string): string | null {
  // Every rank was given the same words.
  if (exitCode === 2 || exitCode === 130 || isAlike(error)) return null;
  const lost = lostBy(error);
  if (lost === null) return `error: rank ${rank}: ${text}`;
  const living = Array.from({ length: worldSize }, (_, one) => one).filter((one) => !lost.includes(one));
  return living[0] === rank ? `error: ${text}` : null;
}

/** The ranks that an error blames; null of an error of this process's own. */
function lostBy(error: unknown): readonly number[] | null {
  if (!(error instanceof Error)) return null;
  const found = error.name === "RankError" ? error : error.cause;
  if (!(found instanceof Error) || found.name !== "RankError") return null;
  return "ranks" in found && Array.isArray(found.ranks) ? (found.ranks as number[]) : [];
}

/** Ends this process as SIGTERM does once its launcher is gone, however that ended. */
export function endWithLauncher(env: NodeJS.ProcessEnv = process.env): void {
  const fd = Number(env.UNLABEL_LAUNCHER_FD ?? Number.NaN);
  // Programs that this one starts are not the launcher's.
  delete env.UNLABEL_LAUNCHER_FD;
  if (!Number.isInteger(fd) || fd < 3) return;
  const line = new Socket({ fd, readable: true, writable: false });
  line.on("error", () => {});
  line.once("close", () => process.kill(process.pid, "SIGTERM"));
  line.resume();
  line.unref();
}
