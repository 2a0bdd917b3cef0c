// How each class fared.
import { classBars } from "../../page/charts/class-bars.ts";
import { count, plural } from "../../page/format.ts";
import { type Html, html } from "../../page/html.ts";
import { colorOf, runLabel } from "../../page/label.ts";
import { MOST_CLASSES } from "../confusion.ts";
import type { ReportData } from "../data.ts";

/** Of more classes than {@link MOST_CLASSES} so many are shown that do best, and as many that do worst. */
const ENDS = 25;

export function classes({ runs }: ReportData): Html | null {
  const probed = runs.flatMap((run) => {
    const probe = run.scores.linear ?? run.scores.knn;
    return probe?.trained.per_class?.length ? [{ run, probe, scores: probe.trained.per_class }] : [];
  });
  if (probed.length === 0) return null;
  // By their place as well: two classes may be called the same.
  const keyOf = (name: string, place: number) => `${place} ${name}`;
  const sums = new Map<string, number>();
  for (const { scores } of probed)
    for (const [place, { name, f1 }] of scores.entries()) {
      const key = keyOf(name, place);
      sums.set(key, (sums.get(key) ?? 0) + f1);
    }
  const panels = probed.map(({ run, probe, scores }) => {
    const before = probe.untrained?.per_class;
    const all = scores
      .map(({ name, f1, support }, place) => ({
        ...{ name, f1, support, untrained: before?.[place]?.f1 ?? null },
        sum: sums.get(keyOf(name, place)) ?? 0,
      }))
      .sort((a, b) => b.sum - a.sum);
    const bars = all.length > MOST_CLASSES ? [...all.slice(0, ENDS), ...all.slice(-ENDS)] : all;
    return html`<figure><figcaption>${runLabel(run)}</figcaption>${classBars(`F1 of each class for ${run.name}`, bars, colorOf(run.group))}</figure>`;
  });
  const charts = html`<div class="pair">${panels}</div>`;
  const ticks = probed.some(({ probe }) => probe.untrained?.per_class) && "; the upright tick is the untrained encoder";
  const most = Math.max(...probed.map(({ probe }) => probe.classes.length));
  const which =
    most > MOST_CLASSES
      ? `F1 of the ${ENDS} classes that do best and the ${ENDS} that do worst of ${count(most)}`
      : "F1 of each class";
  const shown = most > MOST_CLASSES ? 2 * ENDS : most;
  return html`<p>${which}, in\u00a0%, in the same order for all runs${ticks}.</p>
    ${most > 30 ? html`<details><summary>Show ${plural(shown, "class", "classes")}</summary>${charts}</details>` : charts}`;
}
