// Whether each run trained soundly, told without labels, in plain words.

import { count, significant } from "../../page/format.ts";
import { type Html, html } from "../../page/html.ts";
import { runLabel, scroll } from "../../page/label.ts";
import type { ReportData, RunData } from "../data.ts";

const MARKS: Record<string, string> = { healthy: "✓", "too-early": "…" };

export function health({ runs }: ReportData): Html | null {
  const judged = runs.filter((run) => run.health);
  if (judged.length === 0) return null;
  const last = (run: RunData, key: string) => run.curves[`health/${key}`]?.last;
  return html`<p>Judged from loss, gradients and features while training, without labels: a collapsed encoder gives all images the same features.</p>
    ${scroll(
      "Health of runs",
      html`<table>
      <thead><tr><th>Run</th><th>Verdict</th><th>Why</th><th class="n">Since step</th><th class="n">Spread</th><th class="n">Effective rank</th><th class="n">Alignment</th><th class="n">Uniformity</th></tr></thead>
      <tbody>${judged.map((run) => {
        const { verdict = "", text = "", since } = run.health ?? {};
        const sound = verdict in MARKS;
        return html`<tr><th scope="row">${runLabel(run)}</th><td class="${!sound && "warn"}">${MARKS[verdict] ?? "✗"} ${verdict.replaceAll("-", " ")}</td><td class="text why">${text}</td><td class="n">${count(since)}</td><td class="n">${significant(last(run, "std"))}</td><td class="n">${significant(last(run, "rank"))}</td><td class="n">${significant(last(run, "alignment"))}</td><td class="n">${significant(last(run, "uniformity"))}</td></tr>`;
      })}</tbody></table>`,
    )}
    <p class="note">Spread: standard deviation of each feature over images, features scaled to length 1. Effective rank: in how many directions features vary (RankMe). Alignment: how close two views of an image lie (0 is closest). Uniformity: the lower, the better features fill their sphere. Values at the last look.</p>`;
}
