// Runs whose settings differ in nothing but the seed, and what the settings of several runs differ in.
import type { RunRow, SettingsMessage } from "../../messages/runs.ts";

/** Do not change what is learnt. */
const ASIDE = new Set([
  "seed",
  "threads",
  "device",
  "cache",
  "cache_mb",
  "log",
  "checkpoint_every_epochs",
  "health_every",
  "online",
]);

/** Runs of one group. */
export interface Group {
  /** What they have in common of their names. */
  name: string;
  rows: RunRow[];
}

/** Groups of runs, in the order in which their first ones come. @param settings of those that are known */
export function seedGroups(rows: readonly RunRow[], settings: SettingsMessage["runs"]): Group[] {
  const groups = new Map<string, RunRow[]>();
  for (const row of rows) {
    const own = settings.find(({ id }) => id === row.id)?.settings;
    const rest = own && Object.entries(own).filter(([key]) => !ASIDE.has(key));
    const key = rest ? JSON.stringify(rest.sort(([a], [b]) => (a < b ? -1 : 1))) : row.id;
    const known = groups.get(key);
    if (known) known.push(row);
    else groups.set(key, [row]);
  }
  return [...groups.values()].map((own) => ({ name: commonName(own), rows: own }));
}

function commonName(rows: readonly RunRow[]): string {
  const [first = "", ...others] = rows.map(({ name }) => name);
  if (others.length === 0) return first;
  let length = first.length;
  for (const name of others) while (length > 0 && !name.startsWith(first.slice(0, length))) length--;
  return first.slice(0, length).replace(/[\s._/-]+$/, "") || rows[0]!.title;
}

/** One setting, and what it is in each run; undefined where a run has none. */
export interface Difference {
  key: string;
  values: (string | undefined)[];
}

/** Settings that are not the same in all of the runs, in the order of ids. */
export function differences(ids: readonly string[], settings: SettingsMessage["runs"]): Difference[] {
  const own = ids.map((id) => settings.find((one) => one.id === id)?.settings);
  const known = own.filter((one) => one !== undefined);
  if (known.length < 2) return [];
  const keys = new Set(known.flatMap((one) => Object.keys(one)));
  const found = [...keys].sort().flatMap((key) => {
    const values = own.map((one) => (one && Object.hasOwn(one, key) ? said(one[key]) : undefined));
    const there = values.filter((_, i) => own[i] !== undefined);
    return there.every((value) => value === there[0]) ? [] : [{ key, values }];
  });
  // First what all of them have.
  const has = ({ values }: Difference) => Number(values.includes(undefined));
  return found.sort((a, b) => has(a) - has(b));
}

function said(value: unknown): string {
  if (value === null) return "none";
  if (typeof value === "string") return value;
  return Array.isArray(value) ? value.map(said).join(", ") : JSON.stringify(value);
}
