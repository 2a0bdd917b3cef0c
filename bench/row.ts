// What a bench measures: rows that a terminal, docs/benchmarks.md and a program read alike.
import { table } from "../packages/unlabel/src/base/table.ts";

export interface Row {
  name: string;
  /** Measured here, in `unit`; null where this machine cannot, which the note explains. */
  ours: number | null;
  /** The other side, in `unit`; null where there is none. */
  peer: number | null;
  /** How many times better ours is, ours / peer unless the row says otherwise; of sides that took turns the median of the rounds' own ratios. */
  ratio: number | null;
  /** The lowest and highest of the rounds' ratios. */
  ratio_min?: number;
  ratio_max?: number;
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
  /** Whether these are other images than those that rows are kept of: then none is kept, and none counts. */
  otherData?: boolean;
  /** Folder for plots; null where none are wanted. */
  plots: string | null;
  /** Rows to measure; all where it is not given. */
  rows?: RegExp;
  /** For benches that keep their rows: measure nothing, print those. */
  fromRows?: boolean;
  /** For benches that keep their rows: measure nothing, say what is missing. */
  check?: boolean;
  /** Where sets of very many images are made; by default where temporary files are. */
  folder?: string;
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

/** Who stands beside whom in a table. */
export interface Sides {
  ours: string;
  peer: string;
  /** Whether the rounds' lowest and highest ratio are shown. */
  spread: boolean;
}

/** Our code beside other people's. */
export const BESIDE_PEERS: Sides = { ours: "ours", peer: "peer", spread: false };

function headOf({ ours, peer, spread }: Sides): string[] {
  return ["", ours, peer, "", "ratio", ...(spread ? ["min", "max"] : []), "MB", `MB ${peer}`, "of floor"];
}

function cells({ name, ours, peer, unit, ratio, ratio_min, ratio_max, ...more }: Row, { spread }: Sides): string[] {
  const share = more.floor === undefined ? "–" : `${(100 * more.floor).toFixed(0)} %`;
  const ratios = [ratio, ...(spread ? [ratio_min, ratio_max] : [])].map(times);
  return [name, figure(ours), figure(peer), unit, ...ratios, whole(more.ours_mb), whole(more.peer_mb), share];
}

function times(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : `${value.toFixed(2)} ×`;
}

function whole(value: number | undefined): string {
  return value === undefined ? "–" : value.toFixed(0);
}

/** Rows for a terminal of 100 columns, without the columns that none of them fills; notes below. */
export function plainTable(rows: readonly Row[], sides = BESIDE_PEERS): string {
  const notes = rows.flatMap(({ name, note }) => (note ? [`${name}: ${note}`] : []));
  return [table(filled(rows, sides), 100), ...notes].join("\n");
}

/** Rows as a Markdown table, notes in the last column. */
export function markdownTable(rows: readonly Row[], sides = BESIDE_PEERS): string {
  const noted = rows.some(({ note }) => note);
  const [head = [], ...body] = filled(rows, sides);
  const lines = [
    [...head, ...(noted ? ["note"] : [])],
    [...head, ...(noted ? [""] : [])].map((_, i) => (i > 0 && i < head.length ? "---:" : "---")),
    ...body.map((line, i) => [...line, ...(noted ? [rows[i]?.note ?? ""] : [])]),
  ];
  return lines.map((line) => `| ${line.join(" | ")} |`).join("\n");
}

function filled(rows: readonly Row[], sides: Sides): string[][] {
  const head = headOf(sides);
  const all = [head, ...rows.map((one) => cells(one, sides))];
  const kept = head.flatMap((_, i) =>
    i === 0 || all.slice(1).some((line) => !["–", ""].includes(line[i]!)) ? [i] : [],
  );
  return all.map((line) => kept.map((i) => line[i]!));
}
