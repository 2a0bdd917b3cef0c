// Nearest-neighbour sheets: a test image and the training images whose features lie closest.

import { count } from "../../page/format.ts";
import { type Html, html } from "../../page/html.ts";
import { runLabel } from "../../page/label.ts";
import type { ReportData } from "../data.ts";
import { type Sprites, tile } from "../sprites.ts";

export function neighbours({ runs }: ReportData, sprites: Sprites): Html | null {
  const shown = runs.filter((run) => sprites.has(run.name) && run.drawn?.neighbours.length);
  if (shown.length === 0) return null;
  return html`<p>Each row: a test image, then the training images nearest to it by cosine similarity, nearest first. ✓ and a whole frame: of the same class; ✗ and a broken frame: of another.</p>
    ${shown.map((run) => {
      const { neighbours = [], classes = [] } = run.drawn ?? {};
      const all = neighbours.flatMap(({ found }) => found);
      const right = all.filter((one) => one.right).length;
      return html`<h3>${runLabel(run)} <small>${count(right)} of ${count(all.length)} right</small></h3>
      <div class="sheets">${neighbours.map(({ tile: query, label, found }) => {
        const name = classes[label] ?? "";
        return html`<div class="sheet-row"><div class="query">${tile(sprites, run, query, name)}<span>${name}</span></div>
        <div class="tiles">${found.map((one) => {
          const what = `${one.right ? "right" : "wrong"}: ${classes[one.label] ?? ""}, similarity ${one.similarity.toFixed(2)}`;
          return html`<span class="found ${one.right ? "right" : "wrong"}">${tile(sprites, run, one.tile, what)}<small>${one.right ? "✓" : "✗"} ${one.similarity.toFixed(2)}</small></span>`;
        })}</div></div>`;
      })}</div>`;
    })}`;
}
