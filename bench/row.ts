// What a bench measures: rows that a terminal, docs/benchmarks.md and a program read alike.
import { table } from "../packages/unlabel/src/base/table.ts";

export interface Row {
  name: string;
  /** Measured here, in `unit`; null where this machine cannot, which the note explains. */
  ours: number | null;
  /** The other side, in `unit`; null where there is none. */
  peer: number | null;
  /** ours / peer. */
  ratio: number | null;
  unit: string;
  /** Most memory that the process and its children held at once, in MB. */
  ours_mb?: number;
  peer_mb?: number;
  /** Share, of 1, of what the machine could do at the speed that the bench measured for its arithmetic alone. */
  floor?: number;
  /** What one must know to read the row. */
  note?: string;
}

export interface BenchOptions {
  /** The smallest work that exercises everything; its numbers mean nothing. */
  quick: boolean;
  /** Cores for either side. */
  threads: number;
  /** Where both sides compute. */
  device: "cpu" | "cuda";
  /** Folder of images with train and val. */
  data: string;
  /** Folder for plots; null where none are wanted. */
  plots: string | null;
  /** Rows to measure; all where it is not given. */
  rows?: RegExp;
  /** For benches that train for a time. */
  minutes?: number;
  /** Progress, for people. */
  say(text: string): void;
}

/** A row with its ratio. */
export function row(
  name: string,
  unit: string,
  ours: number | null,
  peer: number | null,
  more: Partial<Row> = {},
): Row {
  return { name, ours, peer, ratio: ours === null || peer === null ? null : ours / peer, unit, ...more };
}

/** Three significant digits, without exponent. */
export function figure(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 4));
}

const HEAD = ["", "ours", "peer", "", "ratio", "MB", "MB peer", "of floor"];

function cells({ name, ours, peer, unit, ratio, ours_mb, peer_mb, floor }: Row): string[] {
  const times = ratio === null ? "–" : `${ratio.toFixed(2)} ×`;
  const share = floor === undefined ? "–" : `${(100 * floor).toFixed(0)} %`;
  return [name, figure(ours), figure(peer), unit, times, whole(ours_mb), whole(peer_mb), share];
}

function whole(value: number | undefined): string {
  return value === undefined ? "–" : value.toFixed(0);
}

/** Rows for a terminal of 100 columns, without the columns that none of them fills; notes below. */
export function plainTable(rows: readonly Row[]): string {
  const notes = rows.flatMap(({ name, note }) => (note ? [`${name}: ${note}`] : []));
  return [table(filled(rows), 100), ...notes].join("\n");
}

/** Rows as a Markdown table, notes in the last column. */
export function markdownTable(rows: readonly Row[]): string {
  const noted = rows.some(({ note }) => note);
  const [head = [], ...body] = filled(rows);
  const lines = [
    [...head, ...(noted ? ["note"] : [])],
    [...head, ...(noted ? [""] : [])].map((_, i) => (i > 0 && i < head.length ? "---:" : "---")),
    ...body.map((line, i) => [...line, ...(noted ? [rows[i]?.note ?? ""] : [])]),
  ];
  return lines.map((line) => `| ${line.join(" | ")} |`).join("\n");
}

function filled(rows: readonly Row[]): string[][] {
  const all = [HEAD, ...rows.map(cells)];
  const kept = HEAD.flatMap((_, i) =>
    i === 0 || all.slice(1).some((line) => !["–", ""].includes(line[i]!)) ? [i] : [],
  );
  return all.map((line) => kept.map((i) => line[i]!));
}
