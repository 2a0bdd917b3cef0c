// Several processes of this machine at once, that are ranks of one group or know nothing of each other; what the first prints is the result.
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { freePort } from "../packages/unlabel/src/base/free-port.ts";
import { type Outcome, runChild, runUnlabel } from "./child.ts";

/** Runs a script of `bench/ours` as so many ranks of one thread each. */
export async function runRanks(name: string, args: string[], ranks: number): Promise<Outcome> {
  const command = ["--import", "tsx", join(import.meta.dirname, "ours", name), ...args];
  const launched = await launcherEnv(ranks);
  const env = (rank: number) => ({ ...process.env, OMP_NUM_THREADS: "1", ...launched(rank) });
  const others = Array.from({ length: ranks - 1 }, (_, i) =>
    spawn(process.execPath, command, { env: env(i + 1), stdio: "ignore" }),
  );
  return await besideOthers(others, runChild(process.execPath, command, env(0)));
}

/**
 * Runs `unlabel` in several processes of one thread each, and gives the first one's outcome once all have ended.
 *
 * @param of each one's flags, and environment beside that of this process
 * @param cores one for each, which it keeps to; without them the system decides
 */
export async function runAtOnce(
  of: (rank: number) => { args: string[]; env?: Record<string, string> },
  count: number,
  cores?: readonly number[],
): Promise<Outcome> {
  const program = join(import.meta.dirname, "../packages/unlabel/bin/unlabel.mjs");
  const others = Array.from({ length: count - 1 }, (_, i) => {
    const { args, env } = of(i + 1);
    const command = [process.execPath, program, ...args];
    const kept = cores ? ["taskset", "-c", String(cores[i + 1]), ...command] : command;
    return spawn(kept[0]!, kept.slice(1), {
      env: { ...process.env, OMP_NUM_THREADS: "1", ...env },
      stdio: "ignore",
    });
  });
  const { args, env } = of(0);
  return await besideOthers(others, runUnlabel(args, 1, { env, ...(cores && { cores: cores.slice(0, 1) }) }));
}

/** What a launcher sets for ranks of this machine, that meet at a free port. */
export async function launcherEnv(ranks: number): Promise<(rank: number) => Record<string, string>> {
  const port = await freePort();
  const size = { WORLD_SIZE: `${ranks}`, LOCAL_WORLD_SIZE: `${ranks}` };
  const place = { MASTER_ADDR: "127.0.0.1", MASTER_PORT: `${port}` };
  return (rank) => ({ ...size, ...place, RANK: `${rank}`, LOCAL_RANK: `${rank}` });
}

/** The first one's outcome, once the others have ended; where it fails they are stopped. */
async function besideOthers(others: readonly ChildProcess[], first: Promise<Outcome>): Promise<Outcome> {
  const ended = others.map((child) => new Promise((resolve) => child.on("close", resolve)));
  try {
    const outcome = await first;
    await Promise.all(ended);
    return outcome;
  } finally {
    for (const other of others) other.kill();
  }
}
