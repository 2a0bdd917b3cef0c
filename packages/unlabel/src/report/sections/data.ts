// What the runs were trained on, and which files could not be read.

import { count, plural } from "../../page/format.ts";
import { type Html, html } from "../../page/html.ts";
import { runLabel } from "../../page/label.ts";
import type { ReportData } from "../data.ts";
import { told } from "./told.ts";

function useOf({ shelf }: ReportData["runs"][number]): string {
  if (!shelf) return "began with it";
  return shelf.run ? `earlier run, ${shelf.run.method}, step ${count(shelf.run.step)}` : "as it comes";
}

/** Where weights came from that were not random, and under which licence they are. */
function begun(runs: ReportData["runs"]): Html | null {
  const known = runs.flatMap((run) => {
    const from = run.init ?? run.shelf;
    return from ? [{ run, source: from.source, licence: from.licence, encoder: from.encoder }] : [];
  });
  if (known.length === 0) return null;
  return html`<h3>Weights from elsewhere</h3><div class="scroll" tabindex="0" role="region" aria-label="Weights from elsewhere"><table>
      <thead><tr><th>Run</th><th>Use</th><th>Source</th><th>Encoder</th><th>Licence</th></tr></thead>
      <tbody>${known.map(
        ({ run, source, licence, encoder }) =>
          html`<tr><th scope="row">${runLabel(run)}</th><td class="text">${useOf(run)}</td><td class="text why"><code>${source}</code></td><td class="text why">${encoder}</td><td class="text">${licence ?? "unknown"}</td></tr>`,
      )}</tbody></table></div><p class="note">What binds these weights binds what is trained from them: exports of a run carry the licence of what it began with.</p>`;
}

export function data({ runs }: ReportData): Html {
  const skipped = runs.filter((run) => run.skipped.count > 0);
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Data"><table>
      <thead><tr><th>Run</th><th>Folder</th><th>Layout</th><th class="n">Train images</th><th class="n">Val images</th><th class="n">Classes</th><th class="n">Skipped files</th><th>Fingerprint</th></tr></thead>
      <tbody>${runs.map((run) => {
        const found = run.data;
        return html`<tr><th scope="row">${runLabel(run)}</th><td class="text"><code>${found.root ?? "–"}</code></td><td>${found.layout ?? "–"}</td><td class="n">${count(found.train)}</td><td class="n">${count(found.val)}${found.held_out !== null && html`<small>${count(found.held_out)} held out of train</small>`}</td><td class="n">${count(found.classes)}</td><td class="n">${count(found.skipped)}</td><td class="text"><code>${found.fingerprint?.slice(0, 16) ?? "–"}</code></td></tr>`;
      })}</tbody></table></div>
    ${told(runs, "How the images were understood", (run) => run.data.understood)}
    ${begun(runs)}
    ${skipped.map(
      (run) => html`<details><summary>${plural(run.skipped.count, "file")} that ${run.name} could not read</summary>
      <div class="scroll" tabindex="0" role="region" aria-label="Skipped files"><table><thead><tr><th>File</th><th>Reason</th></tr></thead><tbody>${run.skipped.first.map(({ path, reason }) => html`<tr><td class="text"><code>${path}</code></td><td class="text">${reason}</td></tr>`)}</tbody></table></div>
      ${run.skipped.count > run.skipped.first.length && html`<p class="note">The first ${count(run.skipped.first.length)}; all are in skipped.jsonl.</p>`}</details>`,
    )}`;
}
