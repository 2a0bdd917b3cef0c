// What training recorded at each step: loss, learning rate, speed, and where they were measured, health and online probes.
import { curve, type Line } from "../../page/charts/curve.ts";
import { count, plural, significant } from "../../page/format.ts";
import { type Html, html } from "../../page/html.ts";
import { colorOf, describe, label } from "../../page/label.ts";
import type { ReportData, RunData } from "../data.ts";

function levels({ chance, floor }: RunData): Line[] {
  const line = (label: string, value: number | null) =>
    value === null ? [] : [{ label: `${label} ${significant(value, 4)}`, value }];
  return [...line("chance", chance), ...line("floor", floor)];
}

/** Panels beside the loss. */
const PANELS = [
  ["train/lr", "Learning rate"],
  ["data/images_per_s", "Images/s"],
  ["online/linear_top1", "Online linear probe, top-1"],
  ["online/knn_top1", "Online kNN, top-1"],
  ["health/std", "Spread of features"],
  ["health/rank", "Effective rank"],
  ["health/alignment", "Alignment"],
  ["health/uniformity", "Uniformity"],
  ["health/grad_norm", "Encoder's gradient norm"],
] as const;

/** What follows how many images it is measured on: of more images a rank is higher. */
const OF_IMAGES = new Set(["health/rank"]);

/** ", of 64 to 256 images, and of more it is higher": where looks took in unlike numbers of them, a step in the curve means nothing. */
function unlikeLooks(members: readonly RunData[], key: string): string {
  if (!OF_IMAGES.has(key)) return "";
  const counts = members.flatMap((run) => run.curves["health/images"]?.points.map(([, images]) => images) ?? []);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return least < most ? `, of ${count(least)} to ${count(most)} images: of more it is higher` : "";
}

/** With more groups than this each has its loss in a small panel, and the rest behind a click. */
const MANY = 4;

export function curves({ runs, groups }: ReportData): Html | null {
  if (runs.every((run) => Object.keys(run.curves).length === 0)) return null;
  const seeds = groups.some((group) => group.runs.length > 1);
  return html`
    <p>Each run has its own axes: losses of different methods, batch sizes or temperatures measure different things. Thin lines hold every extreme, bold ones are means over neighbouring steps${seeds && "; runs that differ in their seed alone share axes"}.</p>
    ${groups.length > MANY && small({ runs, groups })}
    ${groups.map((group, index) => {
      const members = runs.filter((run) => run.group === index && run.shelf === null);
      const [first] = members;
      if (!first) return null;
      const panel = (key: string, name: string, minor: boolean, lines: Line[] = []) => {
        const found = members.flatMap((run) => run.curves[key] ?? []).filter((one) => one.points.length > 0);
        const [one] = found;
        if (!one) return null;
        const title = `${name} of ${group.name} over ${plural(one.count, "step")}`;
        const size = minor ? { width: 225, height: 190 } : { width: 440, height: 220 };
        const zero = minor && found.every(({ points }) => points.every(([, value]) => value >= 0));
        const drawn = curve(found, { title, ...size, color: colorOf(index), lines, smooth: key !== "train/lr", zero });
        return html`<figure class="${minor ? "minor" : "major"}"><figcaption><b>${name}</b>${unlikeLooks(members, key)}</figcaption>${drawn}</figure>`;
      };
      const unit = first.loss;
      const loss = panel("train/loss", unit ? `Loss (${unit})` : "Loss", false, levels(first));
      const all = html`<div class="curves">
        ${loss ?? html`<p class="note">No step was recorded.</p>`}
        ${[...PANELS, ...first.own_curves].map(([key, name]) => panel(key, name, true))}</div>`;
      const heading = html`${label(group, index)} <small>${describe(group)}</small>`;
      return groups.length > MANY
        ? html`<details><summary>${group.name}: all that was recorded</summary>${all}</details>`
        : html`<h3>${heading}</h3>${all}`;
    })}`;
}

/** The loss of each group, small, side by side. */
function small({ runs, groups }: Pick<ReportData, "runs" | "groups">): Html {
  return html`<div class="curves">${groups.map((group, index) => {
    const members = runs.filter((run) => run.group === index);
    const found = members.flatMap((run) => run.curves["train/loss"] ?? []).filter((one) => one.points.length > 0);
    const [first] = members;
    if (found.length === 0 || !first) return null;
    const options = {
      title: `Loss of ${group.name}`,
      width: 225,
      height: 170,
      color: colorOf(index),
      lines: levels(first),
    };
    return html`<figure class="minor"><figcaption>${label(group, index)}</figcaption>${curve(found, { ...options, smooth: true })}</figure>`;
  })}</div>`;
}
