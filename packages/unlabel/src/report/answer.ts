// The first screen: what came out, in words and one table, and what it does not say.
import { type Comparison, costOf, intervalOf, probeOf } from "./comparison.ts";
import { count, duration, megabytes, percent, plural, points, significant } from "./format.ts";
import { type Html, html } from "./html.ts";
import { describe, proseList, runLabel } from "./label.ts";
import type { Run } from "./read-run.ts";

/** What stands in the way of taking a run at its word: it did not end, its loss broke, its files are damaged. */
export function warnings(run: Run): string[] {
  const { status, error, floor } = run.file;
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
  const probe = probeOf(run);
  if (probe?.step != null && probe.step < costOf(run).steps) {
    found.push(`${run.name} was probed at step ${count(probe.step)}, before its training went on to ${at}.`);
  }
  if (run.torn)
    found.push(
      `${plural(run.torn, "line")} of ${run.name}'s metrics.jsonl could not be read and ${run.torn === 1 ? "is" : "are"} left out.`,
    );
  return found;
}

export function answer(runs: readonly Run[], comparison: Comparison): Html {
  const notes = runs.flatMap(warnings);
  return html`
    <h1>${comparison.headline.replaceAll("top-1", "top\u20111")}</h1>
    ${notes.map((note) => html`<p class="warn">${note}</p>`)}
    <div class="scroll" tabindex="0" role="region" aria-label="Summary of runs"><table>
      <thead><tr><th>Run</th><th class="n">Top-1</th><th class="n">Macro-F1</th><th class="n">Untrained</th><th class="n">Pixels</th><th class="n">Gain</th><th class="n">Images/s</th><th class="n">Time</th><th class="n">Memory</th></tr></thead>
      <tbody>${runs.map(summaryRow)}</tbody>
    </table></div>
    ${proseList(comparison.findings)}
    <p class="note">Top-1, untrained and pixels: the same linear probe on the trained encoder, on the same encoder before training, and on raw pixels. Gain: points of top-1 over untrained. ${comparison.method}</p>
    ${comparison.caveats.length > 0 && html`<h3>What these numbers do not say</h3>`}
    ${proseList(comparison.caveats)}`;
}

function summaryRow(run: Run, index: number): Html {
  const probe = probeOf(run);
  const cost = costOf(run);
  const interval = probe && intervalOf(probe);
  return html`<tr>
    <th scope="row">${runLabel(run, index)}<small>${describe(run)}</small></th>
    <td class="n">${probe ? html`<b>${percent(probe.top1)}</b>` : "not probed"}${interval && html`<small>${percent(interval[0])} to ${percent(interval[1])}</small>`}</td>
    <td class="n">${percent(probe?.f1)}</td><td class="n">${percent(probe?.untrained?.top1)}</td><td class="n">${percent(probe?.pixels?.top1)}</td>
    <td class="n">${probe?.untrained ? points(probe.top1 - probe.untrained.top1) : "–"}</td>
    <td class="n">${significant(cost.images_per_s)}</td><td class="n">${duration(cost.seconds)}</td><td class="n">${megabytes(cost.peak_mb)}</td></tr>`;
}
