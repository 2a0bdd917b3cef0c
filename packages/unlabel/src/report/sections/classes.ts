// How each class fared.
import { classBars } from "../../page/charts/class-bars.ts";
import { plural } from "../../page/format.ts";
import { type Html, html } from "../../page/html.ts";
import { colorOf, runLabel } from "../../page/label.ts";
import type { ReportData } from "../data.ts";

export function classes({ runs }: ReportData): Html | null {
  const probed = runs.flatMap((run) => {
    const probe = run.scores.linear ?? run.scores.knn;
    return probe?.trained.per_class?.length ? [{ run, probe, scores: probe.trained.per_class }] : [];
  });
  if (probed.length === 0) return null;
  const means = new Map<string, number>();
  for (const { scores } of probed) for (const { name, f1 } of scores) means.set(name, (means.get(name) ?? 0) + f1);
  const panels = probed.map(({ run, probe, scores }) => {
    const before = new Map(probe.untrained?.per_class?.map(({ name, f1 }) => [name, f1]));
    const bars = scores
      .map(({ name, f1, support }) => ({ name, f1, support, untrained: before.get(name) ?? null }))
      .sort((a, b) => (means.get(b.name) ?? 0) - (means.get(a.name) ?? 0));
    return html`<figure><figcaption>${runLabel(run)}</figcaption>${classBars(`F1 of each class for ${run.name}`, bars, colorOf(run.group))}</figure>`;
  });
  const charts = html`<div class="pair">${panels}</div>`;
  const ticks = probed.some(({ probe }) => probe.untrained?.per_class) && "; the upright tick is the untrained encoder";
  const most = Math.max(...probed.map(({ probe }) => probe.classes.length));
  return html`<p>F1 of each class, in\u00a0%, in the same order for all runs${ticks}.</p>
    ${most > 30 ? html`<details><summary>Show ${plural(most, "class", "classes")}</summary>${charts}</details>` : charts}`;
}
