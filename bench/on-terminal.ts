// Our command line as on a terminal, by `script` of util-linux: how long it stands still, and when a file of its first grows.
import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { shellWord } from "../packages/unlabel/src/base/shell.ts";
import { type Outcome, runChild } from "./child.ts";

export interface Watched extends Outcome {
  /** The longest time without a word, in seconds; null without a terminal. */
  silence: number | null;
  /** What had been said before it. */
  after: string;
  /** Seconds until the file that was asked about had grown; null where it did not. */
  grown: number | null;
}

const ROOT = join(import.meta.dirname, "..");
const LOOK_MS = 20;
const TAIL = 200;

/**
 * Runs a command of ours to its end.
 *
 * @param file whose growth is waited for
 */
export async function onTerminal(args: readonly string[], threads: number, file?: string): Promise<Watched> {
  const command = [process.execPath, join(ROOT, "packages/unlabel/bin/unlabel.mjs"), ...args, "--json"];
  const terminal = hasTerminal();
  const [program = "", ...rest] = terminal
    ? ["script", "--quiet", "--return", "--flush", "--command", command.map(shellWord).join(" "), "/dev/null"]
    : command;
  const before = sizeOf(file);
  const began = performance.now();
  let grown: number | null = null;
  const looking = setInterval(() => {
    if (grown === null && sizeOf(file) > before) grown = (performance.now() - began) / 1000;
  }, LOOK_MS);
  let [heard, longest, tail, after] = [began, 0, "", ""];
  const listen = (text: string) => {
    const now = performance.now();
    if (now - heard > longest) [longest, after] = [now - heard, tail];
    heard = now;
    tail = (tail + text).slice(-TAIL);
  };
  try {
    const env = { ...process.env, OMP_NUM_THREADS: String(threads) };
    const outcome = await runChild(program, rest, env, ROOT, listen);
    listen("");
    return { ...outcome, silence: terminal ? longest / 1000 : null, after: lastWords(after), grown };
  } finally {
    clearInterval(looking);
  }
}

let known: boolean | undefined;

function hasTerminal(): boolean {
  try {
    known ??= execFileSync("script", ["--version"], { encoding: "utf8" }).includes("util-linux");
  } catch {
    known = false;
  }
  return known;
}

function sizeOf(file: string | undefined): number {
  return file === undefined ? 0 : (statSync(file, { throwIfNoEntry: false })?.size ?? 0);
}

/** The last line that a person would see, without what moves the cursor. */
export function lastWords(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals are driven by them
  const lines = text.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "").split(/[\r\n]+/);
  return lines.findLast((line) => line.trim() !== "")?.trim() ?? "";
}
