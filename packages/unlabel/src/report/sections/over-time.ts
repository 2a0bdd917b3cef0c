// Accuracy against the seconds of training spent: online probes on the way, final scores as points.
import { type ScoreLine, scoreLines } from "../../page/charts/lines.ts";
import { shorten } from "../../page/format.ts";
import { type Html, html } from "../../page/html.ts";
import { colorOf } from "../../page/label.ts";
import type { ReportData, RunData } from "../data.ts";

export function overTime({ runs, groups }: ReportData): Html | null {
  const minutes = runs.some((run) => (run.cost.seconds ?? 0) >= 120);
  const unit = minutes ? 60 : 1;
  // Seeds of a group share a colour, and the first of them the group's name.
  const named = (run: RunData, text: string) =>
    groups[run.group]?.runs[0] === run.name ? `${shorten(groups[run.group]?.name ?? "", 14)}, ${text}` : "";
  const online = (key: string, dashed: boolean): ScoreLine[] =>
    runs.flatMap((run) => {
      const found = run.timed[`online/${key}`];
      if (!found?.points.length) return [];
      const points = found.points.map(([at, y]) => ({ x: at / unit, y }));
      const name = named(run, `online ${dashed ? "kNN" : "linear"}`);
      return [{ label: name, color: colorOf(run.group), points, dashed }];
    });
  const final = (["linear", "knn"] as const).flatMap((protocol): ScoreLine[] =>
    runs.flatMap((run) => {
      const { trained } = run.scores[protocol] ?? {};
      // What comes off the shelf took none here.
      const seconds = run.shelf ? 0 : run.cost.seconds;
      if (!trained || (!seconds && !run.shelf)) return [];
      const [low, high] = trained.interval;
      const points = [{ x: (seconds ?? 0) / unit, y: trained.top1, low, high }];
      const name = named(run, protocol === "knn" ? "kNN" : "linear");
      return [{ label: name, color: colorOf(run.group), points, dots: true }];
    }),
  );
  const lines = [...online("linear_top1", false), ...online("knn_top1", true), ...final];
  // One run's final scores are all at one time: that is a table, not a chart.
  if (lines.length === final.length && new Set(final.map(({ points }) => points[0]?.x)).size < 2) return null;
  const drawn = scoreLines(lines, {
    title: "Top-1 accuracy against seconds of training",
    unit: minutes ? "minutes of training" : "seconds of training",
  });
  const way = lines.length > final.length;
  return html`<p>Top-1 in\u00a0%, against the time that training took.${way ? " Points are final scores on test images, with their 95\u00a0% intervals: the results. Lines are another protocol, on training images while the encoder learns (whole: a linear classifier that learns beside it, on augmented images; broken: kNN among a few hundred). They tell how a run got on, and where they end above or below the points says nothing." : " Points: final scores on test images, with their 95\u00a0% intervals."}</p><figure class="broad" tabindex="0">${drawn}</figure>`;
}
