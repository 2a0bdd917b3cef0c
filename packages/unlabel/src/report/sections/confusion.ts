// Which classes are taken for which, and pictures of those.

import { count, percent, plural } from "../../page/format.ts";
import { type Html, html, raw } from "../../page/html.ts";
import { colorOf, runLabel, scroll } from "../../page/label.ts";
import { outOf } from "../confused.ts";
import { confusionMatrix, MOST_CLASSES } from "../confusion.ts";
import type { ReportData } from "../data.ts";
import { type Sprites, tile } from "../sprites.ts";

export function confusion({ runs }: ReportData, sprites: Sprites): Html | null {
  const probed = runs.flatMap((run) => {
    const probe = run.scores.linear ?? run.scores.knn;
    return probe?.confusion ? [{ run, probe, counts: probe.confusion }] : [];
  });
  if (probed.length === 0) return null;
  const panels = probed.map(({ run, probe, counts }) => {
    const drawn = sprites.has(run.name) ? run.drawn : null;
    const title = `Confusion matrix of ${run.name}`;
    const isShown = counts.length <= MOST_CLASSES;
    return html`<figure>
      <figcaption>${runLabel(run)}${isShown && html`<span class="readout">Point at a cell to read it.</span>`}</figcaption>
      ${
        isShown
          ? html`<div class="scroll" tabindex="0" role="region" aria-label="${title}" style="--color:${raw(colorOf(run.group))}">${confusionMatrix(title, probe.classes, counts)}</div>`
          : html`<p class="note">A matrix of ${count(counts.length)} classes is left out; it stands in eval/${probe.protocol}.json.</p>`
      }
      ${
        // The pictures name the same pairs, where they rest on the same classifier.
        probe.confused.length > 0 &&
        drawn?.predicted_by !== probe.protocol &&
        scroll(
          `Most confused by ${run.name}`,
          html`<table><thead><tr><th>Most confused: true class</th><th>taken for</th><th class="n">images</th><th class="n">share</th></tr></thead>
      <tbody>${probe.confused.map((pair) => html`<tr><td class="text">${pair.truth}</td><td class="text">${pair.taken}</td><td class="n">${outOf(pair)}</td><td class="n">${percent(pair.share)}</td></tr>`)}</tbody></table>`,
        )
      }
      ${
        drawn &&
        html`<div class="mistaken">${drawn.confused.map((pair) => {
          const [truth, taken] = [drawn.classes[pair.truth] ?? "", drawn.classes[pair.taken] ?? ""];
          return html`<div><p class="note"><b>${truth}</b> taken for <b>${taken}</b> (${pair.images != null && `${plural(pair.images, "image")}, `}${percent(pair.share)})</p><div class="tiles">${pair.tiles.map((at) => tile(sprites, run, at, `${truth}, taken for ${taken}`))}</div></div>`;
        })}</div>`
      }
    </figure>`;
  });
  const sizes = probed.map(({ counts }) => counts.length);
  return html`${Math.min(...sizes) <= MOST_CLASSES && html`<p>Rows are true classes, columns what the probe said; the stronger a cell's colour, the larger its share of the row.</p>`}<div class="${Math.max(...sizes) > 12 ? "wide" : "pair"}">${panels}</div>`;
}
