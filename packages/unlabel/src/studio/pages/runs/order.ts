// Which runs the table shows, and in which order.
import type { RunRow } from "../../messages/runs.ts";

/** Columns by which one can sort. */
export type SortKey =
  | "name"
  | "method"
  | "encoder"
  | "data"
  | "created"
  | "state"
  | "step"
  | "eta"
  | "loss"
  | "health"
  | "probe"
  | "knn";

type Value = number | string | null;

const VALUES: Readonly<Record<SortKey, (row: RunRow) => Value>> = {
  name: (row) => row.name,
  method: (row) => row.title,
  encoder: (row) => row.encoder,
  data: (row) => row.data,
  created: (row) => row.created,
  state: (row) => ["live", "stale", "failed", "unread", "interrupted", "done"].indexOf(row.state),
  step: (row) => row.step,
  eta: (row) => row.eta,
  loss: (row) => row.loss,
  health: (row) => row.health?.verdict ?? null,
  probe: (row) => row.probe?.top1 ?? null,
  knn: (row) => row.knn?.top1 ?? null,
};

/** Those that begin with the most, the newest, the best. */
const FALLING = new Set<SortKey>(["created", "step", "probe", "knn"]);

/** How the table is sorted: a column, and whether its usual way is turned round. */
export interface Order {
  key: SortKey;
  isTurned: boolean;
}

/** `probe`, or `-probe` for the other way round; anything else is the newest first. */
export function orderOf(text: string): Order {
  const key = text.replace(/^-/, "");
  return Object.hasOwn(VALUES, key)
    ? { key: key as SortKey, isTurned: text.startsWith("-") }
    : { key: "created", isTurned: false };
}

/** Whether the column rises, for people who read it. */
export function isRising({ key, isTurned }: Order): boolean {
  return FALLING.has(key) === isTurned;
}

/** Sorted; where there is no value, last whichever way. Equals stand by name. */
export function sorted(rows: readonly RunRow[], order: Order): RunRow[] {
  const value = VALUES[order.key];
  const sign = isRising(order) ? 1 : -1;
  return [...rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return x === y ? byName(a, b) : x === null ? 1 : -1;
    const way = typeof x === "number" && typeof y === "number" ? x - y : compare(String(x), String(y));
    return way === 0 ? byName(a, b) : sign * way;
  });
}

const { compare } = new Intl.Collator("en", { numeric: true });
const byName = (a: RunRow, b: RunRow) => compare(a.name, b.name);

/** Whether a row has every word of a filter somewhere. */
export function fits(row: RunRow, filter: string): boolean {
  const text = [row.name, row.title, row.method, row.encoder, row.data, row.state, row.health?.verdict, row.group]
    .join("\n")
    .toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** States that a person asks for together. */
export const STATES = {
  all: "All",
  live: "Live",
  stopped: "Stopped",
  done: "Done",
} as const;
export type StateChoice = keyof typeof STATES;

/** Whether a run is among those asked for. */
export function isChosen({ state }: RunRow, choice: StateChoice): boolean {
  if (choice === "all") return true;
  if (choice === "stopped") return state !== "live" && state !== "done";
  return state === choice;
}

/** Rows under the comparison that they are of; those of none come first. The order within and among groups is that of the rows. */
export function grouped(rows: readonly RunRow[]): { group: string | null; rows: RunRow[] }[] {
  const groups = new Map<string | null, RunRow[]>();
  groups.set(null, []);
  for (const row of rows) {
    const known = groups.get(row.group);
    if (known) known.push(row);
    else groups.set(row.group, [row]);
  }
  return [...groups].flatMap(([group, own]) => (own.length > 0 ? [{ group, rows: own }] : []));
}
