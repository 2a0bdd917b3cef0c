// The first screen: the answer in three sentences and one table, and what it does not say.

import { duration, megabytes, percent, plural, points, significant } from "../../page/format.ts";
import { type Html, html } from "../../page/html.ts";
import { describe, label, proseList, scroll } from "../../page/label.ts";
import type { GroupData, ReportData } from "../data.ts";
import { unlabelledSummary } from "./unlabelled-summary.ts";

export function answer(data: ReportData): Html {
  const { headline, answer, runs, groups, findings, method, caveats, absent, without_labels } = data;
  const more = findings.filter((sentence) => !answer.some((said) => said.includes(sentence.replace(/\.$/, ""))));
  const left = absent.map(
    ({ name, status, error }) =>
      `${name} is not in this report: ${["failed", "stopped"].includes(status) ? (error ?? status) : status}`,
  );
  // Where kNN alone was measured, the columns beside the scores are its.
  const main = groups.some(({ linear }) => linear) || !groups.some(({ knn }) => knn) ? "linear" : "knn";
  const notes = [...runs.flatMap((run) => run.warnings), ...left];
  return html`
    <h1>${headline.replaceAll("top-1", "top\u20111")}</h1>
    ${answer.map((sentence) => html`<p class="lede">${sentence}</p>`)}
    ${without_labels && html`<p class="lede">${without_labels.settles}</p>`}
    ${without_labels?.settle && html`<pre class="wrap" tabindex="0"><span>${without_labels.settle.label}</span><span>${without_labels.settle.report}</span></pre>`}
    ${notes.map((note) => html`<p class="warn">${note}</p>`)}
    ${
      without_labels
        ? unlabelledSummary(data, without_labels)
        : html`${scroll(
            "Summary of runs",
            html`<table>
      <thead><tr><th>Run</th><th class="n">Linear top-1</th><th class="n">kNN top-1</th><th class="n">Macro-F1</th><th class="n">Untrained</th><th class="n">Pixels</th><th class="n">Gain</th><th class="n">Images/s</th><th class="n">Time</th><th class="n">Memory</th></tr></thead>
      <tbody>${groups.map((group, index) => summaryRow(group, index, main))}</tbody>
    </table>`,
          )}
    <p class="note">Untrained and pixels: the same ${main === "linear" ? "linear probe" : "kNN"} on the same encoder before training, and on raw pixels. Gain: points of top-1 over untrained. ${method}</p>`
    }
    ${more.length > 0 && html`<h3>What the scores say</h3>`}
    ${proseList(more)}
    ${caveats.length > 0 && html`<h3>What these numbers do not say</h3>`}
    ${proseList(caveats)}`;
}

function scoreCell(score: GroupData["linear"], absent: string): Html | string {
  if (!score) return absent;
  const { top1, std, seeds, interval } = score;
  return html`<b>${percent(top1)}</b>${interval && html`<small>${percent(interval[0])} to ${percent(interval[1])}</small>`}${std !== null && html`<small>± ${(std * 100).toFixed(1)} over ${plural(seeds, "seed")}</small>`}`;
}

function summaryRow(group: GroupData, index: number, main: "linear" | "knn"): Html {
  const { linear, knn } = group;
  const beside = group[main];
  const gain_interval = beside?.gain_interval;
  return html`<tr>
    <th scope="row">${label(group, index)}<small>${describe(group)}${group.runs.length > 1 && `, ${plural(group.runs.length, "seed")}`}</small></th>
    <td class="n">${scoreCell(linear, "not probed")}</td><td class="n">${scoreCell(knn, "–")}</td>
    <td class="n">${percent(beside?.f1)}</td><td class="n">${percent(beside?.untrained)}</td><td class="n">${percent(beside?.pixels)}</td>
    <td class="n">${points(beside?.gain)}${gain_interval && html`<small>${points(gain_interval[0])} to ${points(gain_interval[1])}</small>`}</td>
    <td class="n">${significant(group.images_per_s)}</td><td class="n">${duration(group.seconds)}</td><td class="n">${megabytes(group.peak_mb)}</td></tr>`;
}
