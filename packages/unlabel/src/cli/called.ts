// How this process was called: what run.json keeps of it, so that a run can be begun again.
import { commitOf } from "../base/commit.ts";
import { thisCommand } from "../base/shell.ts";

/** The command line by the product's own name, and the commit of the project that it was called in. */
export function called(): { command: string; commit: string | null } {
  return { command: thisCommand(), commit: commitOf(process.cwd()) };
}
