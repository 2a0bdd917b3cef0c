// What runs made of a few images while they trained: places in colours, reconstructions, and the nearest images, step by step.
import { count, list, percent } from "../../page/format.ts";
import { type Html, html, raw } from "../../page/html.ts";
import { runLabel } from "../../page/label.ts";
import type { ReportData } from "../data.ts";
import type { Forming, ShownMoment } from "../pictures-over-time.ts";

/** Images of a run that are shown. */
const IMAGES = 4;

export function forming({ runs }: ReportData, { moments, missing }: Forming): Html | null {
  const shown = runs.filter(({ name }) => moments.has(name));
  if (shown.length === 0) return null;
  return html`<p>The same images at several steps of a training. Colours: the features of an image's places, by their first three principal components; places of one colour are alike to the encoder. Small squares: the most similar of the images looked at, nearest first; a whole frame is of the same class, a broken one of another.</p>
    ${missing.length > 0 && html`<p class="note warn">Could not be read: ${list(missing)}.</p>`}
    ${shown.map((run) => {
      const all = moments.get(run.name)!;
      const last = all.at(-1)!;
      const among = Math.max(...all.map((moment) => moment.among));
      return html`<h3>${runLabel(run)} <small>${among > 0 && `neighbours among ${count(among)} images`}</small></h3>
      <div class="scroll" tabindex="0" role="region" aria-label="Pictures of ${run.name} over time"><table class="forming"><thead><tr><th>Image</th>${all.map(head)}</tr></thead>
      <tbody>${last.images
        .slice(0, IMAGES)
        .map(
          (image) =>
            html`<tr><th scope="row">${tile(last, image.tile, image.name)}</th>${all.map((moment) => cell(moment, image.name))}</tr>`,
        )}</tbody></table></div>`;
    })}`;
}

function head({ step, total }: ShownMoment): Html {
  return html`<th scope="col">${step === 0 ? "start" : `step ${count(step)}`} <small>${percent(Math.min(1, step / total), 0)}</small></th>`;
}

function cell(moment: ShownMoment, name: string): Html {
  const image = moment.images.find((one) => one.name === name);
  if (!image) return html`<td></td>`;
  const at = moment.step === 0 ? "before training" : `after step ${count(moment.step)}`;
  return html`<td><span class="large">${image.features !== null && tile(moment, image.features, `Features of ${name} ${at}`)}${image.reconstructed !== null && tile(moment, image.reconstructed, `Reconstruction of ${name} ${at}`)}</span>
    <span class="near">${image.near.map((one) => {
      const what = `similarity ${one.similarity.toFixed(2)}${one.right === null ? "" : one.right ? ", the same class" : ", another class"}`;
      return html`<span class="${one.right === null ? "" : one.right ? "right" : "wrong"}">${tile(moment, one.tile, what)}</span>`;
    })}</span></td>`;
}

function tile({ css, columns }: ShownMoment, at: number, what: string): Html {
  return html`<span class="tile ${css}" role="img" aria-label="${what}" title="${what}" style="${raw(`--c:${columns};--x:${at % columns};--y:${Math.floor(at / columns)}`)}"></span>`;
}

/** The style that holds all sheets, for the end of the page. */
export function formingStyle({ uris }: Forming): Html | null {
  if (uris.size === 0) return null;
  const rules = [...uris].map(([css, uri]) => `.${css}{background-image:url(${uri})}`);
  return html`<style>${raw(rules.join("\n"))}</style>`;
}
