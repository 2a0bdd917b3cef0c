// Starts a script in a few processes that form a group on this machine, and gathers what each prints; as the engine's tests do.
import { spawn } from "node:child_process";
import { freePort } from "../base/free-port.ts";

/** What came of one rank. */
export interface RankOutcome {
  code: number | string | null;
  /** Its last line of stdout, as JSON; null where it printed none. */
  said: unknown;
  stderr: string;
  seconds: number;
}

type Variables = Record<string, string | number>;

export interface RankOptions {
  args?: readonly string[];
  env?: Variables;
  /** Variables of one rank alone. */
  envOf?: (rank: number) => Variables;
  /** Ranks that are started; by default all. */
  only?: readonly number[];
}

/** Runs `node ARGS… SCRIPT` as so many ranks; each gets torchrun's variables. */
export async function runRanks(
  size: number,
  script: string,
  { args = [], env = {}, envOf = () => ({}), only }: RankOptions = {},
): Promise<RankOutcome[]> {
  const port = await freePort();
  const ranks = only ?? Array.from({ length: size }, (_, rank) => rank);
  return Promise.all(
    ranks.map(async (rank) => {
      const shared = { WORLD_SIZE: size, LOCAL_WORLD_SIZE: size, MASTER_ADDR: "127.0.0.1", MASTER_PORT: port };
      const own = { ...shared, RANK: rank, LOCAL_RANK: rank, OMP_NUM_THREADS: 1, ...env, ...envOf(rank) };
      const all = {
        ...process.env,
        ...Object.fromEntries(Object.entries(own).map(([key, value]) => [key, String(value)])),
      };
      const began = performance.now();
      const child = spawn(process.execPath, ["--import", "tsx", script, ...args], {
        env: all,
        stdio: ["ignore", "pipe", "pipe"],
      });
      let [stdout, stderr] = ["", ""];
      child.stdout.on("data", (text) => (stdout += text));
      child.stderr.on("data", (text) => (stderr += text));
      const code = await new Promise<number | string | null>((resolve) =>
        child.on("close", (status, signal) => resolve(status ?? signal)),
      );
      const last = stdout.trim().split("\n").at(-1) ?? "";
      const said: unknown = last.startsWith("{") || last.startsWith("[") ? JSON.parse(last) : null;
      return { code, said, stderr, seconds: (performance.now() - began) / 1000 };
    }),
  );
}
