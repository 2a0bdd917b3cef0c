// unlabel studio [FOLDER…]: watch runs train, compare them and look at what they learn, in a browser on this machine. Loads no LibTorch.
import { existsSync } from "node:fs";
import { networkInterfaces } from "node:os";
import type { Command } from "commander";
import { UsageError } from "../base/errors.ts";
import { visible } from "../base/text.ts";
import { finish, paint } from "./output.ts";
import { named, whole } from "./settings.ts";

interface Options {
  port?: string;
  host?: string;
  open?: boolean;
  json?: boolean;
}

export function addStudio(program: Command): void {
  program
    .command("studio")
    .description("watch runs train, compare them and look at what they learn, in a browser")
    .argument("[folders...]", "folders with runs in them (default: runs, or this folder)")
    .option("--open", "open it in the browser")
    .option("--port <n>", "port (default: one that is free)")
    .option("--host <address>", "listen on this address; 0.0.0.0: let in other machines, too", named)
    .action((folders: string[], _: Options, command: Command) => act(folders, command.optsWithGlobals<Options>()));
}

async function act(given: string[], options: Options): Promise<void> {
  const port = options.port === undefined ? 0 : whole("--port", options.port, 0, 65_535);
  const { host, json = false } = options;
  if (host !== undefined && !/^[\w.:-]+$/.test(host))
    throw new UsageError(`Expected an address of this machine for --host, got ${host}; 0.0.0.0 is all of them`);
  if (given.includes("")) throw new UsageError('Expected folders with runs, got "", which is none');
  const folders = given.length > 0 ? given : [existsSync("runs") ? "runs" : "."];
  const [{ serveStudio }, { addressOf, isLoopback }] = await Promise.all([
    import("../studio/server/studio.ts"),
    import("../studio/server/guard.ts"),
  ]);
  const over = signalled();
  const studio = await serveStudio(folders, { port, host });
  const isOpen = host !== undefined && !isLoopback(host);
  const reached = host === undefined || host === "localhost" ? "127.0.0.1" : isEvery(host) ? outward(host) : host;
  const address = reached === "127.0.0.1" ? studio.address : addressOf(studio.access, reached);
  process.stderr.write(`Studio of ${folders.map(visible).join(", ")} at ${paint("bold", address, process.stderr)}\n`);
  if (isOpen) {
    process.stderr.write(
      `Other machines are let in (--host ${host}). Whoever has this address sees these runs,\n` +
        "their settings and pictures, and nothing on the way is encrypted. Safer: leave --host\n" +
        `out, and reach it by ssh -L ${studio.port}:127.0.0.1:${studio.port} THIS-MACHINE\n`,
    );
  }
  process.stderr.write("It changes nothing in the runs. Ctrl-C ends it\n");
  if (json) finish(true, { address, port: studio.port, folders }, []);
  if (options.open === true) (await import("../studio/server/browser.ts")).openBrowser(address);
  await over;
  await studio.close();
  // Behind what a terminal echoes of Ctrl-C.
  if (process.stderr.isTTY) process.stderr.write("\n");
  if (!json) finish(false, {}, ["Ended; the runs are as they were"]);
}

/** Once somebody asks for the end; a second time ends at once. No native call is waited for, so no native part is needed. */
function signalled(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve());
  });
}

function isEvery(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

/** An address of this machine that others on its network reach it by. */
function outward(host: string): string {
  const all = Object.values(networkInterfaces()).flatMap((one) => one ?? []);
  const found = all.find(({ internal, family }) => !internal && (family === "IPv4" || host === "::"));
  return found?.address ?? "127.0.0.1";
}
