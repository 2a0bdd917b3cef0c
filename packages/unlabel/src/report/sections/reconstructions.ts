// A masked method's images beside what its encoder saw and what it made of that.

import { list } from "../../page/format.ts";
import { type Html, html, raw } from "../../page/html.ts";
import { describe, runLabel } from "../../page/label.ts";
import type { ReportData } from "../data.ts";
import type { Gallery } from "../pictures.ts";

export function reconstructions({ runs }: ReportData, galleries: ReadonlyMap<string, Gallery>): Html | null {
  if (galleries.size === 0) return null;
  return html`<p>Left: the image. Middle: what the encoder saw. Right: the patches it was shown, and its reconstruction of those it was not.</p>
    ${runs.map((run) => {
      const found = galleries.get(run.name);
      if (!found) return null;
      const shown = found.triplets.length;
      return html`<h3>${runLabel(run)} <small>${describe(run)}${shown < found.total && `, ${shown} of ${found.total} shown`}</small></h3>
      ${run.config.norm_pixels === true && html`<p class="note">This run predicts normalised patches: each hidden one is shown with its true mean and deviation, which the model was never asked for.</p>`}
      ${found.missing.length > 0 && html`<p class="note warn">Could not be read: ${list(found.missing)}.</p>`}
      <div class="gallery">${found.triplets.map(
        (triplet, at) =>
          html`<div class="triplet">${(["original", "masked", "reconstructed"] as const).map((kind) => {
            const { uri, width, height } = triplet[kind];
            return html`<div><img src="${raw(uri)}" width="${width}" height="${height}" class="${width <= 96 && "small"}" alt="Image ${at + 1}, ${kind}"><span>${kind}</span></div>`;
          })}</div>`,
      )}</div>`;
    })}`;
}
