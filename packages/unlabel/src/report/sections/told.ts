// Lines that training began with, in its own words.

import { list } from "../../page/format.ts";
import { type Html, html } from "../../page/html.ts";
import type { RunData } from "../data.ts";

/** Each run's lines below a heading, once for runs that were told the same; nothing where none was told anything. */
export function told(
  runs: readonly RunData[],
  heading: string,
  linesOf: (run: RunData) => readonly string[],
): Html | null {
  const alike = new Map<string, RunData[]>();
  for (const run of runs) {
    const key = linesOf(run).join("\n");
    if (key !== "") alike.set(key, [...(alike.get(key) ?? []), run]);
  }
  if (alike.size === 0) return null;
  return html`<h3>${heading}</h3>${[...alike.values()].map(
    (same) => html`${alike.size > 1 && html`<p>${list(same.map(({ name }) => name))}:</p>`}
      <ul class="prose">${linesOf(same[0]!).map((line) => html`<li>${line}</li>`)}</ul>`,
  )}`;
}
