// How a run is named and coloured wherever it appears on the page.
import { spelled } from "./format.ts";
import { type Html, html, raw } from "./html.ts";
import type { Run } from "./read-run.ts";

/** The CSS variable of the run at `index`. */
export const colorOf = (index: number) => `var(--run${index % 6})`;

/** A run's name behind a square of its colour. */
export function runLabel(run: Run, index: number): Html {
  return html`<span class="dot" style="--color:${raw(colorOf(index))}"></span>${run.name}`;
}

const encoderOf = (run: Run) => {
  const { encoder } = run.file.config;
  return typeof encoder === "string" ? spelled(encoder) : "–";
};

export const describe = (run: Run) => `${spelled(run.file.method)}, ${encoderOf(run)}`;

export const proseList = (sentences: readonly string[]) =>
  sentences.length > 0 && html`<ul class="prose">${sentences.map((sentence) => html`<li>${sentence}</li>`)}</ul>`;
