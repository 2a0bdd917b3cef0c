// Accuracy against the seconds of training spent: online probes on the way, final scores as points.
import { type ScoreLine, scoreLines } from "../../page/charts/lines.ts";
import { type SmallLine, smallLines } from "../../page/charts/small-lines.ts";
import { shorten } from "../../page/format.ts";
import { type Html, html } from "../../page/html.ts";
import { colorOf, label } from "../../page/label.ts";
import type { ReportData, RunData } from "../data.ts";

/** With more groups than this each has a chart of its own, on the same axes. */
const MANY = 4;

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
  if (groups.length > MANY) return severally({ runs, groups }, unit);
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

/** A small chart a group, the others' lines behind its own. */
function severally({ runs, groups }: Pick<ReportData, "runs" | "groups">, unit: number): Html | null {
  const linesOf = (index: number): SmallLine[] =>
    runs
      .filter((run) => run.group === index)
      .flatMap((run) =>
        (["linear_top1", "knn_top1"] as const).flatMap((key) => {
          const points = run.timed[`online/${key}`]?.points ?? [];
          if (points.length === 0) return [];
          return [{ points: points.map(([at, y]) => ({ x: at / unit, y })), dashed: key === "knn_top1" }];
        }),
      );
  const all = groups.map((_, index) => linesOf(index));
  const marks = all.flat().flatMap(({ points }) => points);
  if (marks.length === 0) return null;
  const axes = {
    right: Math.max(...marks.map(({ x }) => x)) * 1.02,
    top: Math.min(1, Math.max(0.02, ...marks.map(({ y }) => y)) * 1.06),
    unit: unit === 60 ? "minutes" : "seconds",
  };
  return html`<p>Top-1 in\u00a0% on training images while the encoder learns, against the time that training took: whole, a linear classifier that learns beside it on augmented images; broken, kNN among a few hundred. The other methods' lines stand behind each. They tell how a run got on; the results are the scores on test images.</p>
    <div class="curves">${groups.map((group, index) => {
      const own = all[index]!;
      if (own.length === 0) return null;
      const others = all.flatMap((lines, i) => (i === index ? [] : lines));
      const drawn = smallLines(`Online top-1 of ${group.name} over time`, own, others, {
        ...axes,
        color: colorOf(index),
      });
      return html`<figure class="minor"><figcaption>${label(group, index)}</figcaption>${drawn}</figure>`;
    })}</div>`;
}
