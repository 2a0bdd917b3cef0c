// unlabel launch --nproc N COMMAND …: a command of unlabel's as several processes on this machine, as torchrun would start them.
import type { Command } from "commander";
import { UsageError } from "../base/errors.ts";
import { freePort } from "../base/free-port.ts";
import { commandLine, shellWord } from "../base/shell.ts";
import { parseTimeout, ranksFromEnv } from "../train/ranks-env.ts";
import { whole } from "./settings.ts";

interface Options extends Record<string, unknown> {
  nproc?: string;
  port?: string;
  timeout?: string;
  showRanks?: boolean;
  json?: boolean;
}

/** Flags that take the word after them. */
const VALUED = new Set(["--nproc", "--port", "--timeout", "--plugin"]);

/** A command line of `launch`, cut in two. */
export interface Launched {
  /** `launch` with its own flags. */
  own: string[];
  /** The command that each rank runs, with its flags. */
  command: string[];
}

/** Cuts at the first word after `launch` that is no flag of its; null where it is another command line. */
export function cutLaunch(args: readonly string[]): Launched | null {
  let seen = false;
  for (let at = 0; at < args.length; at++) {
    const word = args[at]!;
    if (VALUED.has(word)) at++;
    else if (!word.startsWith("-")) {
      if (seen) return { own: args.slice(0, at), command: args.slice(at) };
      if (word !== "launch") return null;
      seen = true;
    }
  }
  return seen ? { own: [...args], command: [] } : null;
}

/** @param command what each rank is to run, from {@link cutLaunch} */
export function addLaunch(program: Command, command: readonly string[] = []): void {
  program
    .command("launch")
    .usage("--nproc <n> [options] COMMAND …")
    .description("run a command as several processes on this machine, a GPU each: pretrain, evaluate, embed, compare")
    .option("--nproc <n>", "how many processes")
    .option("--port <n>", "where they meet, on this machine alone (default: a free one)")
    .option("--timeout <time>", "how long they wait for each other (default: 5m)")
    .option("--show-ranks", "what the other processes say, too, each line behind its number")
    .action((_: Options, own: Command) => act(command, own.optsWithGlobals<Options>()));
}

async function act(command: readonly string[], options: Options): Promise<void> {
  const example = commandLine("launch", "--nproc", "2", "pretrain", "DATA");
  if (options.nproc === undefined) throw new UsageError(`Expected --nproc N, how many processes; such as: ${example}`);
  const count = whole("--nproc", options.nproc, 1, 1024);
  if (command[0] === undefined) throw new UsageError(`Expected a command after launch, got none; such as: ${example}`);
  if (command[0] === "launch") throw new UsageError("Expected a command other than launch after launch");
  const { worldSize } = ranksFromEnv();
  if (worldSize > 1)
    throw new UsageError(
      `Expected launch to start the ranks, but this process is one of ${worldSize} already; leave out launch --nproc ${count}`,
    );
  const timeout = options.timeout === undefined ? null : parseTimeout("--timeout", options.timeout);
  const port = options.port === undefined ? await freePort() : whole("--port", options.port, 1, 65_535);
  // What stood before COMMAND is meant for it, too.
  const words = [...(options.json ? ["--json"] : []), ...(options.verbose ? ["--verbose"] : []), ...pluginsOf(options)];
  const limit = options.timeout === undefined ? [] : ["--timeout", options.timeout];
  const { supervise } = await import("./supervise.ts");
  process.exitCode = await supervise([...command, ...words], {
    ranks: count,
    port,
    ...(timeout !== null && { timeout }),
    showRanks: options.showRanks === true,
    json: options.json === true || command.includes("--json"),
    words: ["launch", "--nproc", String(count), ...limit].map(shellWord).join(" "),
  });
}

function pluginsOf({ plugin }: Options): string[] {
  return Array.isArray(plugin) ? plugin.flatMap((file) => ["--plugin", String(file)]) : [];
}
