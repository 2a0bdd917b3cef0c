// What can be told of each run's encoder without labels, beside the initial encoder and raw pixels.
import { list, percent, plural, significant } from "../../page/format.ts";
import { type Html, html } from "../../page/html.ts";
import { runLabel, scroll } from "../../page/label.ts";
import { INDICATORS } from "../../run/indicators.ts";
import type { ReportData, RunData } from "../data.ts";

type Found = NonNullable<RunData["indicators"]>;

const KINDS = [
  ["trained", "trained"],
  ["untrained", "initial"],
  ["pixels", "raw pixels"],
] as const;

const BETTER = { higher: "higher", lower: "lower", "near 1": "near 1", neither: "–" } as const;
const LOOKED: Record<string, string> = {
  val: "of val",
  "held out": "held out from training",
  train: "that training may have seen",
};

export function indicators({ runs }: ReportData): Html | null {
  const told = runs.flatMap((run) => (run.indicators ? [{ run, found: run.indicators }] : []));
  if (told.length === 0) return null;
  const images = new Set(
    told.map(({ found }) => `${plural(found.images, "image")} ${LOOKED[found.split] ?? found.split}`),
  );
  return html`<p>Told without labels, on ${list([...images])}. How far each goes with scores by labels is a question of its own: compare an encoder with its initial one and with raw pixels before anything else. “Found again” is the share of images that another view of them finds among all, with one change at a time: near 100\u00a0% the encoder ignores that change, near chance it goes by what was changed.</p>
    ${told.map(({ run, found }) => one(run, found))}`;
}

function one(run: RunData, found: Found): Html {
  const kinds = KINDS.filter(([kind]) => found[kind]);
  const refused = kinds.flatMap(([kind, title]) => reasons(found[kind]!).map((reason) => `${title}: ${reason}`));
  return html`${scroll(
    `Without labels: ${run.name}`,
    html`<table>
      <thead><tr><th>${runLabel(run)}</th><th>Better</th>${kinds.map(([, title]) => html`<th class="n">${title}</th>`)}</tr></thead>
      <tbody>${INDICATORS.map(
        ({ name, title, better, share }) =>
          html`<tr><th scope="row">${title}</th><td>${BETTER[better]}</td>${kinds.map(
            ([kind]) => html`<td class="n">${cell(found[kind]![name], share, kind === "trained")}</td>`,
          )}</tr>`,
      )}</tbody></table>`,
  )}
    ${found.notes.map((note) => html`<p class="note">Note on ${run.name}: ${note}.</p>`)}
    ${refused.map((line) => html`<p class="note">Not told of ${line}.</p>`)}`;
}

type Cell = NonNullable<Found["trained"]>[string] | undefined;

function cell(told: Cell, share: boolean, bold: boolean): Html | string {
  if (typeof told?.value !== "number") return "–";
  const text = (value: number) => (share ? percent(value) : significant(value));
  const { interval } = told;
  return html`${bold ? html`<b>${text(told.value)}</b>` : text(told.value)}${interval && html`<small>${text(interval[0])} to ${text(interval[1])}</small>`}`;
}

/** Each reason once, with what it keeps from being told. */
function reasons(own: NonNullable<Found["trained"]>): string[] {
  const found = new Map<string, string[]>();
  for (const { name, title } of INDICATORS) {
    const why = own[name]?.refused;
    if (typeof why === "string") found.set(why, [...(found.get(why) ?? []), title]);
  }
  return [...found].map(([why, titles]) => `${list(titles)} (${why})`);
}
