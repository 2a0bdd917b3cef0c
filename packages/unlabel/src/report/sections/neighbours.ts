// Nearest-neighbour sheets: a test image and the training images whose features lie closest; without labels, the same images by all runs
// beside each other.

import { count } from "../../page/format.ts";
import { type Html, html } from "../../page/html.ts";
import { runLabel } from "../../page/label.ts";
import type { ReportData, RunData } from "../data.ts";
import { type Sprites, tile } from "../sprites.ts";

export function neighbours({ runs }: ReportData, sprites: Sprites): Html | null {
  const shown = runs.filter((run) => sprites.has(run.name) && run.drawn?.neighbours.length);
  const labelled = shown.filter(({ drawn }) => drawn?.classes.length);
  const unlabelled = shown.filter(({ drawn }) => drawn?.classes.length === 0);
  if (shown.length === 0) return null;
  return html`${labelled.length > 0 && byClass(labelled, sprites)}${unlabelled.length > 0 && sideBySide(unlabelled, sprites)}`;
}

function byClass(runs: readonly RunData[], sprites: Sprites): Html {
  return html`<p>Each row: a test image, then the training images nearest to it by cosine similarity, nearest first. ✓ and a whole frame: of the same class; ✗ and a broken frame: of another.</p>
    ${runs.map((run) => {
      const { neighbours = [], classes = [] } = run.drawn ?? {};
      const all = neighbours.flatMap(({ found }) => found);
      const right = all.filter((one) => one.right).length;
      return html`<h3>${runLabel(run)} <small>${count(right)} of ${count(all.length)} right</small></h3>
      <div class="sheets">${neighbours.map(({ tile: query, label, found }) => {
        const name = classes[label ?? -1] ?? "";
        return html`<div class="sheet-row"><div class="query">${tile(sprites, run, query, name)}<span>${name}</span></div>
        <div class="tiles">${found.map((one) => {
          const what = `${one.right ? "right" : "wrong"}: ${classes[one.label ?? -1] ?? ""}, similarity ${one.similarity.toFixed(2)}`;
          return html`<span class="found ${one.right ? "right" : "wrong"}">${tile(sprites, run, one.tile, what)}<small>${one.right ? "✓" : "✗"} ${one.similarity.toFixed(2)}</small></span>`;
        })}</div></div>`;
      })}</div>`;
    })}`;
}

/** Each image once, and below it a row for each run that was asked for it. */
function sideBySide(runs: readonly RunData[], sprites: Sprites): Html {
  const names = [...new Set(runs.flatMap(({ drawn }) => drawn?.neighbours.map(({ name }) => name ?? "") ?? []))];
  return html`<p>Each block: an image, then by each run the images nearest to it among those looked at, by cosine similarity, nearest first. Without labels nobody but you can say which are right.</p>
    <div class="sheets">${names.map((name) => {
      const rows = runs.flatMap((run) => {
        const sheet = run.drawn?.neighbours.find((one) => (one.name ?? "") === name);
        return sheet ? [{ run, sheet }] : [];
      });
      const [first] = rows;
      return (
        first &&
        html`<div class="sheet-row asked"><div class="query">${tile(sprites, first.run, first.sheet.tile, name)}<span>${name}</span></div>
      <div class="by-run">${rows.map(
        ({ run, sheet }) =>
          html`<div><small>${runLabel(run)}</small><div class="tiles">${sheet.found.map(
            (one) =>
              html`<span class="found plain">${tile(sprites, run, one.tile, `similarity ${one.similarity.toFixed(2)}`)}<small>${one.similarity.toFixed(2)}</small></span>`,
          )}</div></div>`,
      )}</div></div>`
      );
    })}</div>`;
}
