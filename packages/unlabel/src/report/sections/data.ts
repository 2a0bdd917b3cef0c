// What the runs were trained on, and which files could not be read.

import { count, list, plural } from "../../page/format.ts";
import { type Html, html } from "../../page/html.ts";
import { runLabel } from "../../page/label.ts";
import type { ReportData } from "../data.ts";

export function data({ runs }: ReportData): Html {
  const skipped = runs.filter((run) => run.skipped.count > 0);
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Data"><table>
      <thead><tr><th>Run</th><th>Folder</th><th>Layout</th><th class="n">Train images</th><th class="n">Val images</th><th class="n">Classes</th><th class="n">Skipped files</th><th>Fingerprint</th></tr></thead>
      <tbody>${runs.map((run) => {
        const found = run.data;
        return html`<tr><th scope="row">${runLabel(run)}</th><td class="text"><code>${found.root ?? "–"}</code></td><td>${found.layout ?? "–"}</td><td class="n">${count(found.train)}</td><td class="n">${count(found.val)}</td><td class="n">${count(found.classes)}</td><td class="n">${count(found.skipped)}</td><td class="text"><code>${found.fingerprint?.slice(0, 16) ?? "–"}</code></td></tr>`;
      })}</tbody></table></div>
    ${understood(runs)}
    ${skipped.map(
      (run) => html`<details><summary>${plural(run.skipped.count, "file")} that ${run.name} could not read</summary>
      <div class="scroll" tabindex="0" role="region" aria-label="Skipped files"><table><thead><tr><th>File</th><th>Reason</th></tr></thead><tbody>${run.skipped.first.map(({ path, reason }) => html`<tr><td class="text"><code>${path}</code></td><td class="text">${reason}</td></tr>`)}</tbody></table></div>
      ${run.skipped.count > run.skipped.first.length && html`<p class="note">The first ${count(run.skipped.first.length)}; all are in skipped.jsonl.</p>`}</details>`,
    )}`;
}

/** In the words that training began with, once for runs that were told the same. */
function understood(runs: ReportData["runs"]): Html | null {
  const told = new Map<string, typeof runs>();
  for (const run of runs) {
    if (run.data.understood.length === 0) continue;
    const key = run.data.understood.join("\n");
    told.set(key, [...(told.get(key) ?? []), run]);
  }
  if (told.size === 0) return null;
  return html`<h3>How the images were understood</h3>${[...told.values()].map(
    (same) => html`${told.size > 1 && html`<p>${list(same.map(({ name }) => name))}:</p>`}
      <ul class="prose">${same[0]!.data.understood.map((line) => html`<li>${line}</li>`)}</ul>`,
  )}`;
}
