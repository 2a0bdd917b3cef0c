// Every setting of the runs, those that differ first.

import { plural } from "../../page/format.ts";
import { type Html, html } from "../../page/html.ts";
import { runLabel } from "../../page/label.ts";
import type { ReportData, RunData } from "../data.ts";
import { told } from "./told.ts";

export function settings({ runs: all }: ReportData): Html | null {
  const runs = all.filter(({ shelf }) => shelf === null);
  if (runs.length === 0) return null;
  const keys = [...new Set(runs.flatMap((run) => Object.keys(run.config)))];
  const text = (run: RunData, key: string) => {
    const value = run.config[key];
    if (value === undefined) return "–";
    if (typeof value === "string") return value;
    return JSON.stringify(value, (_, part) => (typeof part === "number" ? Number(part.toPrecision(6)) : part));
  };
  const rows = keys.map((key) => {
    const values = runs.map((run) => text(run, key));
    const everywhere = runs.every((run) => key in run.config);
    return { key, values, everywhere, differs: everywhere && new Set(values).size > 1 };
  });
  const chosen = told(runs, "What preset auto chose, and why", (run) => run.chosen);
  const differing = rows.filter(({ differs }) => differs);
  const own = rows.filter(({ everywhere }) => !everywhere);
  const same = rows.filter(({ everywhere, differs }) => everywhere && !differs);
  const table = (
    shown: typeof rows,
  ) => html`<div class="scroll" tabindex="0" role="region" aria-label="Settings"><table class="config">
      <thead><tr><th>Setting</th>${runs.map((run) => html`<th>${runLabel(run)}</th>`)}</tr></thead>
      <tbody>${shown.map(({ key, values, differs }) => html`<tr class="${differs && "differs"}"><th scope="row">${key}</th>${values.map((value) => html`<td class="text">${value}</td>`)}</tr>`)}</tbody></table></div>`;
  if (runs.length === 1) {
    return html`<p>Every setting of the run, as resolved from defaults, preset, file and flags.</p>${chosen}${table(rows)}`;
  }
  const differ = `${differing.length} of the ${plural(rows.length - own.length, "setting")} that all runs have ${differing.length === 1 ? "differs and is" : "differ and are"} marked`;
  return html`
    <p>${differing.length ? differ : "No setting that all runs have differs"}${own.length > 0 && "; a dash is a setting that the method does not have"}.</p>
    ${differing.length + own.length > 0 && table([...differing, ...own])}
    ${chosen}
    ${same.length > 0 && html`<details><summary>${plural(same.length, "setting")} the same in all runs</summary>${table(same)}</details>`}`;
}
