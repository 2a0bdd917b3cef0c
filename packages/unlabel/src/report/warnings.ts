// What stands in the way of taking a run at its word.
import { commandLine, shellWord } from "../base/shell.ts";
import { count, plural, significant } from "../page/format.ts";
import type { Run } from "../run/read/run.ts";
import { costOf } from "./costs.ts";

/** What is said of a checkpoint that is not whole, or nothing. */
export function damaged({ name, dir, damage }: Run): string[] {
  if (damage === null) return [];
  const mend =
    damage.before === null
      ? "No other is whole."
      : `That of step ${count(damage.before)} is; go on from it with: ${commandLine("pretrain", "--resume", "--out", shellWord(dir))}`;
  return [`The last checkpoint of ${name} is not whole: ${damage.problem}. ${mend}`];
}

/** It did not end, its loss broke, it did not train soundly, its files are damaged. */
export function warnings(run: Run): string[] {
  // What was never trained has no steps.
  if (run.shelf) return run.evaluations.left.map((text) => `${run.name}: ${text}`);
  const { status, error, floor, health } = run.file;
  const at = `step ${count(costOf(run).steps)}`;
  const found: string[] = [];
  if (status === "failed") found.push(`${run.name} failed at ${at}${error ? `: ${error}` : "."}`);
  if (status === "interrupted") found.push(`${run.name} was interrupted at ${at}; it can be continued with --resume.`);
  if (status === "running")
    found.push(`${run.name} is marked as running, last seen at ${at}; its numbers are not final.`);
  if (run.series.size === 0) found.push(`${run.name} has recorded no step.`);
  const loss = run.series.get("train/loss");
  if (loss?.brokenAt != null) {
    found.push(
      `The loss of ${run.name} was not a number from step ${count(loss.brokenAt)} on (${plural(loss.broken, "step")} in all).`,
    );
  }
  const least = Math.min(...(loss?.points() ?? []).map(([, value]) => value));
  if (floor != null && least < floor - 1e-3 * Math.max(1, Math.abs(floor))) {
    found.push(
      `The loss of ${run.name} went below its floor of ${significant(floor, 4)}, to ${significant(least, 4)}: this is not the loss its config names.`,
    );
  }
  if (health && health.verdict !== "healthy" && health.verdict !== "too-early") {
    found.push(`${run.name} did not train soundly: ${health.text}.`);
  }
  const early = [...run.evaluations.scored.values()].flatMap(({ step }) =>
    step != null && step < costOf(run).steps ? [step] : [],
  );
  if (early.length > 0) {
    found.push(`${run.name} was probed at step ${count(Math.min(...early))}, before its training went on to ${at}.`);
  }
  found.push(...run.evaluations.left.map((text) => `${run.name}: ${text}`));
  found.push(...damaged(run));
  if (run.torn)
    found.push(
      `${plural(run.torn, "line")} of ${run.name}'s metrics.jsonl could not be read and ${run.torn === 1 ? "is" : "are"} left out.`,
    );
  return found;
}
