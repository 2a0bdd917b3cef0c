// One side of a bench as a process of its own: what it printed, how long it took, and the most memory it and its children held.
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../packages/unlabel/src/base/errors.ts";

export interface Outcome {
  /** The JSON object that the last line was. */
  json: Record<string, unknown>;
  seconds: number;
  /** Most memory that the process and its children held, in MB, sampled; undefined where the system does not tell. */
  mb: number | undefined;
}

/** The program cannot do what it was asked: it ended with 2, as ours does for commands that it does not know, or is not there. */
export class RefusedError extends UserError {
  override name = "RefusedError";
}

/** Where a program of ours runs. */
export interface Place {
  /** The tree whose program it is: this one, or another commit's, built. */
  root?: string;
  /** Numbers of the cores that it is bound to, by `taskset`; any where not given. */
  cores?: readonly number[];
  /** Variables beside those of this process. */
  env?: NodeJS.ProcessEnv;
  /** Words that start it, before its own: of a program that sets a limit and then becomes it. */
  before?: readonly string[];
}

const ROOT = join(import.meta.dirname, "..");
const SAMPLE_MS = 1000;
/** V8 collects all of a small heap again and again once buffers of images pass a limit: half a megabyte of code more cost 5 % there. */
const STEADY_HEAP = ["--initial-old-space-size=256"];

// What follows is all that another commit is asked through, so it must be able to answer: flags, a script's arguments and the
// names in its result stay as they are, and new ones come last.

/** Runs our command line as users do, and reads what `--json` prints. */
export function runUnlabel(args: string[], threads: number, place: Place = {}): Promise<Outcome> {
  return runNode("packages/unlabel/bin/unlabel.mjs", [], [...args, "--json"], threads, place);
}

/** Runs a script of `bench/ours`, which uses the packages as they are built, and reads the JSON object that its last line is. */
export function runScript(name: string, args: string[], threads: number, place: Place = {}): Promise<Outcome> {
  return runNode(`bench/ours/${name}`, [...STEADY_HEAP, "--import", "tsx"], args, threads, place);
}

async function runNode(
  program: string,
  flags: string[],
  args: string[],
  threads: number,
  { root = ROOT, cores, env, before = [] }: Place,
): Promise<Outcome> {
  const path = join(root, program);
  if (!existsSync(path)) throw new RefusedError(`it has no ${program}`);
  const bound = cores ? ["taskset", "-c", cores.join(",")] : [];
  const [file = process.execPath, ...rest] = [...before, ...bound, process.execPath, ...flags, path, ...args];
  // `--import` looks for packages from the working folder on.
  return runChild(file, rest, { ...process.env, OMP_NUM_THREADS: String(threads), ...env }, root);
}

/**
 * Runs a program to its end.
 *
 * @param heard told each piece of what it says, as it says it
 * @throws {RefusedError} with the last line that it said where it ends with 2
 * @throws {UserError} with the end of what it said where it fails or prints no JSON
 */
export async function runChild(
  file: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  cwd?: string,
  heard: (text: string) => void = () => {},
): Promise<Outcome> {
  const began = performance.now();
  const child = spawn(file, args, { env, cwd, stdio: ["ignore", "pipe", "pipe"] });
  const stop = () => child.kill();
  process.once("exit", stop);
  let [out, err, peak] = ["", "", 0];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
    heard(text);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err = (err + text).slice(-4000);
    heard(text);
  });
  const timer = setInterval(() => (peak = Math.max(peak, memoryOf(child.pid))), SAMPLE_MS);
  const code = await new Promise<number | null>((resolve, reject) => child.on("close", resolve).on("error", reject));
  clearInterval(timer);
  process.off("exit", stop);
  const last = out.trim().split("\n").at(-1) ?? "";
  if (code === 2)
    throw new RefusedError(
      err
        .trim()
        .split("\n")
        .at(-1)
        ?.replace(/^error: /, "") ?? "",
    );
  if (code !== 0 || !last.startsWith("{")) {
    throw new UserError(`Expected a result of ${[file, ...args].join(" ")}, got exit code ${code}:\n${err || out}`);
  }
  const mb = peak > 0 ? peak / 1e6 : undefined;
  return { json: JSON.parse(last), seconds: (performance.now() - began) / 1000, mb };
}

/**
 * Bytes that a process has held at most, or, where it has children, that all of them hold now, pages that they share counted once;
 * 0 where unknown. Asking the system what is shared costs it milliseconds, so it is asked for trees alone.
 */
function memoryOf(pid: number | undefined): number {
  if (pid === undefined || process.platform !== "linux") return 0;
  try {
    const family = withDescendants(pid);
    if (family.length === 1) return kilobytes(`/proc/${pid}/status`, "VmHWM");
    return family.reduce((sum, member) => sum + kilobytes(`/proc/${member}/smaps_rollup`, "Pss"), 0);
  } catch {
    // One of them ended between two looks.
    return 0;
  }
}

function withDescendants(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(withDescendants)];
}

/** Bytes after `name` in a file of /proc that counts in kB. */
function kilobytes(path: string, name: string): number {
  return 1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(readFileSync(path, "utf8"))?.[1] ?? 0);
}

/** A number that a result must hold. */
export function numberIn({ json }: Outcome, key: string): number {
  const value = json[key];
  if (typeof value === "number") return value;
  throw new UserError(`Expected a number for ${key} in a result, got ${JSON.stringify(value)}`);
}
