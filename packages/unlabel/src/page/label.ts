// How a run, or a group of runs that differ in their seed alone, is named and coloured wherever it appears on the page.
import { spelled } from "./format.ts";
import { type Html, html, raw } from "./html.ts";

/** The CSS variable of the group at `index`. */
export const colorOf = (index: number) => `var(--run${index % 6})`;

/** A name behind a square of its group's colour. */
export function label({ name }: { name: string }, group: number): Html {
  return html`<span class="dot" style="--color:${raw(colorOf(group))}"></span>${name}`;
}

export const runLabel = (run: { name: string; group: number }) => label(run, run.group);

/** "SimCLR, ResNet-18"; what its name says already is left out. */
export function describe({ name, title, encoder }: { name: string; title: string; encoder: string | null }): string {
  const known = encoder === null ? "–" : spelled(encoder);
  return name === title ? known : `${title}, ${known}`;
}

export const proseList = (sentences: readonly string[]) =>
  sentences.length > 0 && html`<ul class="prose">${sentences.map((sentence) => html`<li>${sentence}</li>`)}</ul>`;

/** A table that scrolls sideways by itself where the screen is narrow; reached by keyboard. */
export const scroll = (title: string, table: Html) =>
  html`<div class="scroll" tabindex="0" role="region" aria-label="${title}">${table}</div>`;
