// A studio as users start it, for the benches.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { UserError } from "../packages/unlabel/src/base/errors.ts";

const BIN = join(import.meta.dirname, "../packages/unlabel/bin/unlabel.mjs");

/** Starts it on a folder with runs, as seen from `cwd`; ended when disposed of. */
export async function startStudio(folder: string, cwd = process.cwd()) {
  const began = performance.now();
  const child: ChildProcess = spawn(process.execPath, [BIN, "studio", folder, "--json"], {
    stdio: ["ignore", "pipe", "pipe"],
    cwd,
  });
  let said = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-2000);
  });
  const ended = once(child, "exit");
  const [line] = (await Promise.race([once(child.stdout!, "data"), ended])) as [Buffer | number];
  if (!Buffer.isBuffer(line)) throw new UserError(`Expected unlabel studio to start, got exit code ${line}:\n${said}`);
  const { address } = JSON.parse(line.toString()) as { address: string };
  const seconds = (performance.now() - began) / 1000;
  return {
    address,
    seconds,
    async [Symbol.asyncDispose]() {
      child.kill("SIGINT");
      await ended;
    },
  };
}
