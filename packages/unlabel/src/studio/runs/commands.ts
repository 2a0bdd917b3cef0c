// What one can do next with a run, as lines to be copied.
import { commandLine, shellWord } from "../../base/shell.ts";
import type { RunFile } from "../../run/read/schema.ts";
import type { RunRow } from "../messages/runs.ts";
import { numberOf } from "./row.ts";

/** Command lines for a run as it stands. @param dir as a person here types it */
export function commandsFor(dir: string, row: RunRow, { config }: RunFile): { what: string; line: string }[] {
  const run = shellWord(dir);
  const commands: { what: string; line: string }[] = [];
  const add = (what: string, ...words: string[]) => commands.push({ what, line: commandLine(...words) });
  const epochs = numberOf(config.epochs);
  if (row.state === "stale" || row.state === "interrupted" || row.state === "failed")
    add("Go on where it stopped", "pretrain", "--resume", "--out", run);
  if (row.state === "done" && epochs !== null)
    add("Train for longer", "pretrain", "--resume", "--out", run, "--epochs", String(2 * epochs));
  if (row.step > 0) {
    add(row.probe === null || row.probe.online ? "Score it" : "Score it again", "evaluate", run);
    add("Find images like one", "search", run, "IMAGE", "--in", "FOLDER");
    add("Use it in other programs", "export", run, "-o", "encoder");
    add("Tell others", "report", run, "-o", "report.html");
  }
  return commands;
}
