// What indicators without labels came to, for people: at most 80 columns.
import { visible } from "../base/text.ts";
import type { IndicatorsEvaluation } from "../run/evaluations.ts";
import { CHANGES, INDICATORS, type Indicator, type Indicators } from "../run/indicators.ts";
import { percent, prose, table } from "./output.ts";

const WIDTH = 80;

const MARKS = { higher: " ↑", lower: " ↓", "near 1": " → 1", neither: "" } as const;

const KINDS = [
  ["trained", "trained"],
  ["untrained", "initial"],
  ["pixels", "raw pixels"],
] as const;

/** What was looked at, in a few words. */
export function lookedAtWords({ split, settings: { images, viewed } }: IndicatorsEvaluation): string {
  const which = { val: "images of val", "held out": "held-out images", train: "images of train" }[split];
  return `${images} ${which}${viewed < images ? `, ${viewed} of them in several views` : ""}`;
}

/** The table, what was refused and why, and which changes the encoder ignores. */
export function indicatorLines(found: IndicatorsEvaluation): string[] {
  const kinds = KINDS.flatMap(([kind, title]) => {
    const own = found[kind];
    return own ? [{ own, title, interval: kind === "trained" }] : [];
  });
  const rows = INDICATORS.map((about) => [
    `${about.title}${MARKS[about.better]}`,
    ...kinds.map(({ own, interval }) => cell(own[about.name], about.share, interval)),
  ]);
  const { agreement } = found;
  const shared = [
    `neighbours shared`,
    "",
    cell(agreement.untrained, true, false),
    ...(agreement.pixels ? [cell(agreement.pixels, true, false)] : []),
  ];
  return [
    table([["without labels", ...kinds.map(({ title }) => title)], ...rows, shared], WIDTH),
    ...ignored(found),
    ...kinds.flatMap(({ own, title }) => refusals(own, title)),
  ];
}

/** Runs that are set beside each other, so many in a table as fit, and what a reader should know. */
export function besideLines(looked: readonly { name: string; found: IndicatorsEvaluation }[]): string[] {
  const pixels = looked[0]?.found.pixels;
  const column = ({ name, found }: (typeof looked)[number]) => [
    name,
    ...INDICATORS.map((about) => {
      const [own, initial] = [found.trained, found.untrained].map((one) => cell(one[about.name], about.share, false));
      return own === "–" && initial === "–" ? "–" : `${own} (${initial})`;
    }),
  ];
  const titles = ["trained (initial)", ...INDICATORS.map((about) => `${about.title}${MARKS[about.better]}`)];
  const plain = pixels && ["raw pixels", ...INDICATORS.map((about) => cell(pixels[about.name], about.share, false))];
  const tables: string[][][] = [];
  for (const own of [...looked.map(column), ...(plain ? [plain] : [])]) {
    const last = tables.at(-1);
    if (last && width([...last, own]) <= WIDTH) last.push(own);
    else tables.push([titles, own]);
  }
  const notes = new Map<string, string[]>();
  for (const { name, found } of looked)
    for (const note of [...found.notes, ...refusalsOf(found.trained)])
      notes.set(note, [...(notes.get(note) ?? []), name]);
  return [
    ...tables.flatMap((columns, i) => [
      ...(i > 0 ? [""] : []),
      table(
        titles.map((_, row) => columns.map((one) => one[row]!)),
        WIDTH,
      ),
    ]),
    ...[...notes].map(([note, names]) => prose(`${names.join(", ")}: ${note}`, WIDTH)),
  ];
}

function width(columns: readonly (readonly string[])[]): number {
  const widths = columns.map((one) => Math.max(...one.map(({ length }) => length)));
  return widths.reduce((sum, one) => sum + one, 2 * (widths.length - 1));
}

function cell({ value, interval }: Indicator, share: boolean, whole: boolean): string {
  if (value === undefined) return "–";
  const text = share ? percent(value) : short(value);
  if (!interval || !whole) return text;
  const [low, high] = interval.map((end) => (share ? (100 * end).toFixed(1) : short(end)));
  return `${text} [${low}, ${high}]`;
}

/** Three digits, or all before the point. */
function short(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(digits);
}

/** What view retrieval says in words: the changes that the trained encoder ignores most and least. */
function ignored({ trained, chance }: IndicatorsEvaluation): string[] {
  const known = CHANGES.flatMap((change) => {
    const { value } = trained[`found_${change}`];
    return value === undefined ? [] : [{ change, value }];
  }).toSorted((a, b) => b.value - a.value);
  const [most, least] = [known[0], known.at(-1)];
  if (!most || !least) return [];
  return [
    prose(
      `found again: images by another view, one change at a time (chance ${percent(chance.found_crop ?? 0)}); the trained encoder ignores ${most.change} most (${percent(most.value)}) and keeps ${least.change} most (${percent(least.value)})`,
      WIDTH,
    ),
  ];
}

/** Why there is no number, once for each reason. */
function refusals(own: Indicators, kind: string): string[] {
  return refusalsOf(own, ` of ${kind}`).map((line) => prose(line, WIDTH));
}

function refusalsOf(own: Indicators, of = ""): string[] {
  const reasons = new Map<string, string[]>();
  for (const { name, title } of INDICATORS) {
    const { refused } = own[name];
    if (refused !== undefined) reasons.set(refused, [...(reasons.get(refused) ?? []), title]);
  }
  return [...reasons].map(([reason, titles]) => {
    const what = titles.length > 6 ? `${titles.length} of ${INDICATORS.length} indicators` : titles.join(", ");
    return `not told${of}: ${what}: ${visible(reason)}`;
  });
}
