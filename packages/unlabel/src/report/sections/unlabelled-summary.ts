// The first screen's table where nothing was scored by labels: the indicators that can put one run before another.
import { duration, percent, plural, significant } from "../../page/format.ts";
import { type Html, html } from "../../page/html.ts";
import { describe, label, scroll } from "../../page/label.ts";
import { INDICATORS } from "../../run/indicators.ts";
import type { ReportData } from "../data.ts";
import type { IndicatorLead } from "../indicator-leads.ts";
import type { WithoutLabels } from "../without-labels.ts";

export function unlabelledSummary({ groups }: ReportData, { leads }: WithoutLabels): Html {
  return html`${scroll(
    "Summary of runs",
    html`<table>
      <thead><tr><th>Run</th>${leads.map(({ title }) => html`<th class="n">${title}</th>`)}<th class="n">Time</th></tr></thead>
      <tbody>${groups.map(
        (group, g) => html`<tr>
    <th scope="row">${label(group, g)}<small>${describe(group)}${group.runs.length > 1 && `, ${plural(group.runs.length, "seed")}`}</small></th>
    ${leads.map((lead) => html`<td class="n">${cell(lead, g)}</td>`)}
    <td class="n">${duration(group.seconds)}</td></tr>`,
      )}</tbody></table>`,
  )}
    <p class="note">Below each number its 95\u00a0% interval over the images looked at, and what the same encoder came to before training. Better is lower for ${leads
      .filter(({ name }) => INDICATORS.find((about) => about.name === name)?.better === "lower")
      .map(({ title }) => title)
      .join(" and ")}, else higher. None of them is a score.</p>`;
}

function cell(lead: IndicatorLead, g: number): Html | string {
  const told = lead.told[g];
  if (!told) return "–";
  const share = INDICATORS.find(({ name }) => name === lead.name)?.share === true;
  const text = (value: number) => (share ? percent(value) : significant(value));
  const initial = lead.initial[g];
  return html`<b>${text(told.value)}</b><small>${text(told.interval[0])} to ${text(told.interval[1])}</small>${initial && html`<small>initial ${text(initial.value)}</small>`}${lead.first === g && html`<small class="first">first</small>`}`;
}
