// The real command line as a child process that can be watched, signalled and killed. It must never hang, and what goes
// wrong must be told in one line, not by a stack.
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

export const BIN = join(import.meta.dirname, "..", "packages", "unlabel", "bin", "unlabel.mjs");

/** No command of this suite needs as long; a slower one hangs. */
const LIMIT_MS = 180_000;

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  out: string;
  err: string;
}

export interface Limits {
  /** The most that one file may hold, in KiB (a limit of the shell's that can be lifted from outside). */
  fileKib?: number;
  /** The most address space, in KiB. */
  memoryKib?: number;
  env?: NodeJS.ProcessEnv;
  /** The program to start; by default this tree's. */
  bin?: string;
  /** Words before it, of what starts it elsewhere. */
  within?: readonly string[];
}

export class Program {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  err = "";
  over = false;

  constructor(args: readonly string[], { fileKib, memoryKib, env, bin = BIN, within = [] }: Limits = {}) {
    const limits = [fileKib && `ulimit -S -f ${fileKib}`, memoryKib && `ulimit -S -v ${memoryKib}`].filter(Boolean);
    const command = [...within, process.execPath, bin, ...args];
    const shell = ["-c", [...limits, 'exec "$@"'].join(" && "), "bash", ...command];
    const [file, rest] = limits.length > 0 ? ["bash", shell] : [command[0]!, command.slice(1)];
    this.child = spawn(file, rest, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, OMP_NUM_THREADS: "1", OMP_WAIT_POLICY: "passive", NO_COLOR: "1", ...env },
    });
    let out = "";
    this.child.stdout!.on("data", (piece) => {
      out += piece;
    });
    this.child.stderr!.on("data", (piece) => {
      this.err += piece;
    });
    this.ended = new Promise((resolve, reject) => {
      const watchdog = setTimeout(() => this.child.kill("SIGKILL"), LIMIT_MS);
      this.child.on("error", reject);
      this.child.on("close", (code, signal) => {
        this.over = true;
        clearTimeout(watchdog);
        resolve({ code, signal, out, err: this.err });
      });
    });
  }

  /** Waits until something is so or the program has ended; returns whether it is so. */
  async until(condition: () => boolean): Promise<boolean> {
    while (!this.over) {
      if (condition()) return true;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return condition();
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}

/** Runs a command to its end. */
export function run(args: readonly string[], limits?: Limits): Promise<Ended> {
  return new Program(args, limits).ended;
}

export function expect(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** What a program wrote last on stderr. */
export function lastLine({ err }: Ended): string {
  return err.trim().split("\n").at(-1) ?? "";
}

/** @throws {Error} unless the program did its work */
export function succeeded(ended: Ended): void {
  clean(ended);
  expect(ended.code === 0, `Expected exit 0, got ${ended.code ?? ended.signal}: ${lastLine(ended)}`);
}

/** The one line that a program failed with. @throws {Error} unless it failed in that way */
export function refused(ended: Ended, pattern = /./): string {
  clean(ended);
  expect(ended.code === 1, `Expected exit 1, got ${ended.code ?? ended.signal}: ${lastLine(ended)}`);
  const line = lastLine(ended);
  const errors = ended.err.split("\n").filter((text) => text.startsWith("error: "));
  expect(errors.length === 1 && errors[0] === line, `Expected one line of error at the end, got: ${ended.err}`);
  expect(pattern.test(line), `Expected an error that matches ${pattern}, got: ${line}`);
  return line;
}

/** @throws {Error} where a stack shows, or a crash of the engine */
export function clean({ out, err, signal }: Ended): void {
  const stack = /^\s+at .*:\d+:\d+\)?$/m.exec(out + err)?.[0];
  expect(!stack, `Expected no stack, got ${stack?.trim()} in: ${err.slice(-600)}`);
  expect(signal !== "SIGSEGV" && signal !== "SIGABRT", `Expected no crash, got ${signal}`);
}
