// What a command is that a program's own call is not: run.json keeps how it was called, and Ctrl-C is for it.
import { commitOf } from "../base/commit.ts";
import { thisCommand } from "../base/shell.ts";

/** The command line by the product's own name, the commit of the project that it was called in, and that signals stop its training. */
export function called(): { command: string; commit: string | null; processSignals: true } {
  return { command: thisCommand(), commit: commitOf(process.cwd()), processSignals: true };
}
