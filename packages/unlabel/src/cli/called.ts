// How this process was called: what run.json keeps of it, so that a run can be begun again.
import { commitOf } from "../base/commit.ts";
import { shellWord } from "../base/shell.ts";

/** The command line by the product's own name, and the commit of the project that it was called in. */
export function called(): { command: string; commit: string | null } {
  const command = ["unlabel", ...process.argv.slice(2).map(shellWord)].join(" ");
  return { command, commit: commitOf(process.cwd()) };
}
