// Clusters as contact sheets: what an encoder puts together, for people to judge where there are no labels.
import { count, plural } from "../../page/format.ts";
import { type Html, html } from "../../page/html.ts";
import { runLabel } from "../../page/label.ts";
import type { ReportData } from "../data.ts";
import { type Sprites, tile } from "../sprites.ts";

export function clusters({ runs }: ReportData, sprites: Sprites): Html | null {
  const shown = runs.filter((run) => sprites.has(run.name) && run.drawn?.clusters.length);
  if (shown.length === 0) return null;
  return html`<p>Each row: a cluster of the images looked at (k-means on features of length 1), the largest first, and those of it nearest to its centre. An encoder that suits these images puts together what you would.</p>
    <div class="${shown.length > 1 ? "pair" : ""}">${shown.map((run) => {
      const all = run.drawn?.clusters ?? [];
      const images = all.reduce((sum, { size }) => sum + size, 0);
      return html`<div><h3>${runLabel(run)} <small>${plural(images, "image")} in ${count(all.length)} clusters</small></h3>
      <div class="sheets">${all.map(
        ({ size, tiles }, i) =>
          html`<div class="cluster"><small>${plural(size, "image")}</small><div class="tiles">${tiles.map((at) => tile(sprites, run, at, `cluster ${i + 1}`))}</div></div>`,
      )}</div></div>`;
    })}</div>`;
}
