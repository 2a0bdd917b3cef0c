// A script of `bench/ours` as several ranks on this machine; what rank 0 prints is the result.
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { type Outcome, runChild } from "./child.ts";

/** Runs a script as so many ranks of one thread each. */
export async function runRanks(name: string, args: string[], ranks: number): Promise<Outcome> {
  const port = await freePort();
  const command = ["--import", "tsx", join(import.meta.dirname, "ours", name), ...args];
  const env = (rank: number) => ({
    ...process.env,
    ...{ RANK: `${rank}`, LOCAL_RANK: `${rank}`, WORLD_SIZE: `${ranks}`, LOCAL_WORLD_SIZE: `${ranks}` },
    ...{ MASTER_ADDR: "127.0.0.1", MASTER_PORT: `${port}`, OMP_NUM_THREADS: "1" },
  });
  const others = Array.from({ length: ranks - 1 }, (_, i) =>
    spawn(process.execPath, command, { env: env(i + 1), stdio: "ignore" }),
  );
  try {
    return await runChild(process.execPath, command, env(0));
  } finally {
    for (const other of others) other.kill();
  }
}

/** A port of this machine that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(address !== null && typeof address === "object" ? address.port : 0);
    });
  });
  await new Promise((done) => server.close(done));
  return port;
}
