// The embedding map: test images laid out so that those with similar features lie close. Points carry their class in colour and
// shape; a hollow one was taken for another class. The page's script shows the image under the pointer or chosen by the arrow keys.

import { count, plural, shorten } from "../../page/format.ts";
import { type Html, html, raw } from "../../page/html.ts";
import { colorOf, runLabel } from "../../page/label.ts";
import type { ReportData, RunData } from "../data.ts";
import { place, type Sprites } from "../sprites.ts";

const EDGE = 560;
const PAD = 12;
/** Circle, square, triangle, diamond, triangle upside down: each of about the same area, around 0. */
const SHAPES = [
  "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0z",
  "M-3.5,-3.5h7v7h-7z",
  "M0,-4.8L4.6,3.4H-4.6z",
  "M0,-5L4.6,0L0,5L-4.6,0z",
  "M0,4.8L4.6,-3.4H-4.6z",
];
/** As many classes have a colour of their own; of more, those that the reader chooses. */
const COLOURS = 10;

export function map({ runs }: ReportData, sprites: Sprites): Html | null {
  const shown = runs.filter((run) => sprites.has(run.name) && run.drawn?.map.points.length);
  if (shown.length === 0) return null;
  const classes = shown.some(({ drawn }) => drawn?.classes.length);
  return html`<p>Every point is ${classes ? "a test image" : "an image that was looked at"}; neighbours on the map have similar features.${classes && " A hollow point was taken for another class."} Distances between far clusters mean little. Point at one, or move through them with the arrow keys, to see the image${classes && "; choose classes to set them apart"}.</p>
    <div class="pair maps">${shown.map((run) => figure(run, sprites))}</div>`;
}

function figure(run: RunData, sprites: Sprites): Html {
  const { map, classes: known, predicted_by } = run.drawn ?? { map: { points: [] }, classes: [], predicted_by: null };
  // Without labels all points are of one kind, which has no name.
  const named = known.length > 0;
  const classes = named ? known : [""];
  const all = map.points.map((point) => ({ ...point, label: point.label ?? 0, predicted: point.predicted ?? 0 }));
  const few = classes.length <= COLOURS;
  const at = (value: number) => Math.round((PAD + value * (EDGE - 2 * PAD)) * 10) / 10;
  const groups = classes.map((_, label) => {
    const points = all.filter((point) => point.label === label);
    const shape = SHAPES[label % SHAPES.length];
    const marks = points.map(
      ({ x, y, predicted }) =>
        `<path d="${shape}" transform="translate(${at(x)},${at(1 - y)})"${predicted === label ? "" : ' class="off"'}/>`,
    );
    return `<g data-class="${label}" class="${named ? `k${few ? label : " plain"}` : "own"}">${marks.join("")}</g>`;
  });
  const ordered = classes.flatMap((_, label) => all.filter((point) => point.label === label));
  const data = ordered.map(({ tile, x, y, label, predicted }) => [tile, at(x), at(1 - y), label, predicted]);
  const legend = classes.map((name, label) => {
    const shape = SHAPES[label % SHAPES.length];
    return html`<button type="button" aria-pressed="false" data-class="${label}" title="${name}"><svg width="12" height="12" viewBox="-6 -6 12 12" class="k${few ? label : " plain"}" aria-hidden="true"><title>${name}</title><path d="${raw(shape ?? "")}"/></svg>${shorten(name, 20)}</button>`;
  });
  const wrong = all.filter(({ label, predicted }) => label !== predicted).length;
  const how = "how" in map ? map.how : "";
  const by = predicted_by === "knn" ? "kNN" : "the linear probe";
  return html`<figure class="map" data-points="${JSON.stringify(data)}" data-names="${JSON.stringify(known)}" style="--own:${raw(colorOf(run.group))}" data-columns="${run.drawn?.columns ?? 1}">
    <figcaption>${runLabel(run)} <span class="quiet">${plural(all.length, "image")}${named && `, ${count(wrong)} taken for another class by ${by}`}; ${how}</span></figcaption>
    <div class="stage" tabindex="0" role="application" aria-label="Map of ${run.name}: arrow keys move from image to image">
    <svg role="img" viewBox="0 0 ${EDGE} ${EDGE}"><title>Embedding map of ${run.name}</title>${raw(groups.join(""))}<circle class="here" r="9" hidden="" cx="-99" cy="-99"/></svg></div>
    <div class="preview" aria-live="polite"><span class="tile ${sprites.get(run.name)?.css}" style="${place(run, map.points[0]?.tile ?? 0)}" hidden></span><span class="said">Point at the map.</span></div>
    ${named && html`<div class="legend${few ? "" : " many"}">${legend}</div>`}</figure>`;
}
