// What can be told of each run's encoder without labels, beside the initial encoder and raw pixels.
import { list, percent, significant } from "../../page/format.ts";
import { type Html, html } from "../../page/html.ts";
import { runLabel, scroll } from "../../page/label.ts";
import { INDICATORS } from "../../run/indicators.ts";
import type { ReportData, RunData } from "../data.ts";
import type { IndicatorLead } from "../indicator-leads.ts";
import { lookedAtWords } from "../without-labels.ts";
import { viewRetrieval } from "./view-retrieval.ts";

export type Found = NonNullable<RunData["indicators"]>;

type Looked = { run: RunData; found: Found };

const KINDS = [
  ["trained", "trained"],
  ["untrained", "initial"],
  ["pixels", "raw pixels"],
] as const;

const BETTER = { higher: "higher", lower: "lower", "near 1": "near 1", neither: "–" } as const;
export function indicators({ runs, without_labels, agreement }: ReportData): Html | null {
  const told = runs.flatMap((run) => (run.indicators ? [{ run, found: run.indicators }] : []));
  if (told.length === 0) return null;
  const images = new Set(told.map(({ found }) => lookedAtWords(found)));
  const leads = without_labels?.leads ?? [];
  const views = viewRetrieval(told);
  return html`<p>Told without labels, on ${list([...images])}. How far each goes with scores by labels is a question of its own: compare an encoder with its initial one and with raw pixels before anything else. “Found again” is the share of images that another view of them finds among all, with one change at a time: near 100\u00a0% the encoder ignores that change, near chance it goes by what was changed.</p>
    ${agreement.map((sentence) => html`<p>${sentence}</p>`)}
    ${told.length > 1 ? sideBySide(told, leads) : told.map(({ run, found }) => one(run, found))}${views}`;
}

function one(run: RunData, found: Found): Html {
  const kinds = KINDS.filter(([kind]) => found[kind]);
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
    ${remarks([{ run, found }])}`;
}

/** All runs beside each other, each with its initial encoder; raw pixels once, where they are the same for all. */
function sideBySide(told: readonly Looked[], leads: readonly IndicatorLead[]): Html {
  const pixels = told.flatMap(({ found }) => (found.pixels ? [found.pixels] : []));
  const shared = pixels.length === told.length && new Set(pixels.map((one) => JSON.stringify(one))).size === 1;
  const kinds = KINDS.filter(([kind]) => kind !== "pixels" || (pixels.length > 0 && !shared));
  return html`${scroll(
    "Without labels, all runs",
    html`<table>
      <thead><tr><th>Indicator</th><th>Better</th>${told.map(
        ({ run }) =>
          html`${kinds.map(([kind, title]) => html`<th class="n">${kind === "trained" ? runLabel(run) : title}</th>`)}`,
      )}${shared && html`<th class="n">raw pixels</th>`}</tr></thead>
      <tbody>${INDICATORS.map(({ name, title, better, share }) => {
        const first = leads.find((lead) => lead.name === name)?.first ?? null;
        return html`<tr><th scope="row">${title}</th><td>${BETTER[better]}</td>${told.map(({ run, found }) =>
          kinds.map(
            ([kind]) =>
              html`<td class="n">${cell(found[kind]?.[name], share, kind === "trained")}${kind === "trained" && first === run.group && html`<small class="first">first</small>`}</td>`,
          ),
        )}${shared && html`<td class="n">${cell(pixels[0]?.[name], share, false)}</td>`}</tr>`;
      })}</tbody></table>`,
  )}
    <p class="note">Columns: each run as trained, then its own initial encoder${!shared && " and raw pixels at its size"}. Small: 95\u00a0% intervals over images; ranks have none. First: put before all others, with no overlap.</p>
    ${remarks(told)}`;
}

/** Notes on the runs, and why what is not told is not: each once, with all that it is true of. */
function remarks(told: readonly Looked[]): Html {
  const notes = new Map<string, string[]>();
  const refused = new Map<string, string[]>();
  const add = (to: Map<string, string[]>, key: string, who: string) => {
    const known = to.get(key) ?? [];
    if (!known.includes(who)) to.set(key, [...known, who]);
  };
  for (const { run, found } of told) {
    for (const note of found.notes) add(notes, note, run.name);
    for (const [kind, title] of KINDS) {
      const who = told.length === 1 || kind === "pixels" ? title : `${run.name}, ${title}`;
      for (const reason of reasons(found[kind] ?? {})) add(refused, reason, who);
    }
  }
  return html`${[...notes].map(([note, names]) => html`<p class="note">Note on ${list(names)}: ${note}.</p>`)}
    ${[...refused].map(([reason, who]) => html`<p class="note">Not told of ${who.join("; ")}: ${reason}.</p>`)}`;
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
