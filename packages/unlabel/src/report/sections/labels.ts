// Label efficiency: what features are worth where few images have labels.
import { type ScoreLine, scoreLines } from "../../page/charts/lines.ts";
import { count, percent, plural, shorten, significant } from "../../page/format.ts";
import { type Html, html } from "../../page/html.ts";
import { colorOf, runLabel, scroll } from "../../page/label.ts";
import type { ReportData, RunData } from "../data.ts";

const ENCODERS = [
  ["trained", "trained"],
  ["untrained", "untrained"],
  ["pixels", "raw pixels"],
] as const;

export function labels({ runs, groups }: ReportData): Html | null {
  const found = runs.flatMap((run) => (run.few_shot?.points.length ? [{ run, points: run.few_shot.points }] : []));
  if (found.length === 0) return null;
  // Seeds of a group share a colour, and the first of them the group's name.
  const named = (run: RunData, more: string) =>
    groups[run.group]?.runs[0] === run.name ? `${shorten(groups[run.group]?.name ?? "", 14)}${more}` : "";
  const lines = found.flatMap(({ run, points }, at): ScoreLine[] =>
    ENCODERS.flatMap(([kind, text]): ScoreLine[] => {
      // Pixels are the same for all runs on the same images.
      if (kind === "pixels" && at > 0) return [];
      const marks = points.flatMap((point) => {
        const score = point[kind];
        if (!score) return [];
        const [low, high] = score.interval?.top1 ?? [];
        return [{ x: point.images, y: score.top1, ...(low !== undefined && high !== undefined && { low, high }) }];
      });
      if (marks.length === 0) return [];
      const name = kind === "pixels" ? "raw pixels" : named(run, kind === "trained" ? "" : `, ${text}`);
      const color = kind === "pixels" ? "var(--untrained)" : colorOf(run.group);
      return [{ label: name, color, points: marks, dashed: kind !== "trained" }];
    }),
  );
  const shares = [...new Set(found.flatMap(({ points }) => points.map(({ share }) => share)))].sort((a, b) => a - b);
  const ticks = [...new Set(found.flatMap(({ points }) => points.map(({ images }) => images)))];
  const drawn = scoreLines(lines, {
    title: "Top-1 accuracy against the number of labels",
    unit: "labelled images",
    log: true,
    ticks,
  });
  return html`<p>Logistic regression on frozen features that knows a share of the labels: top-1 in\u00a0%. Whole lines are trained encoders; broken ones needed no training. Its settings are the same for every share, since a handful of labels leaves none to choose them on: at 100\u00a0% it is not the linear probe, whose settings are chosen, and has another score.</p>
    <figure class="broad" tabindex="0">${drawn}</figure>
    ${scroll(
      "Scores by share of labels",
      html`<table>
      <thead><tr><th>Run</th><th>Encoder</th>${shares.map((share) => html`<th class="n">${significant(share * 100)}\u00a0% of labels</th>`)}</tr></thead>
      <tbody>${found.map(({ run, points }) =>
        ENCODERS.map(([kind, text]) => {
          if (!points.some((point) => point[kind])) return null;
          const first = kind === "trained";
          return html`<tr><th scope="row">${first && runLabel(run)}</th><td>${text}</td>${shares.map(
            (share) =>
              html`<td class="n">${cell(
                points.find((point) => point.share === share),
                kind,
              )}</td>`,
          )}</tr>`;
        }),
      )}</tbody></table>`,
    )}`;
}

type Point = NonNullable<RunData["few_shot"]>["points"][number];

function cell(point: Point | undefined, kind: "trained" | "untrained" | "pixels"): Html | string {
  const score = point?.[kind];
  if (!point || !score) return "–";
  const spread = score.std ? `± ${(score.std.top1 * 100).toFixed(1)} over ${plural(point.draws ?? 1, "draw")}` : "";
  return html`${kind === "trained" ? html`<b>${percent(score.top1)}</b>` : percent(score.top1)}${kind === "trained" && html`<small>${count(point.images)} images</small>`}${spread && html`<small>${spread}</small>`}`;
}
