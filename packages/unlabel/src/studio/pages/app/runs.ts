// All runs, as the server tells of them: asked for once, then kept up to date row by row, and shared by all pages.
import { useEffect, useState } from "preact/hooks";
import type { RunRow, RunsMessage } from "../../messages/runs.ts";
import { get } from "./api.ts";
import { listen } from "./live.ts";

/** What is known of them. */
export interface KnownRuns {
  /** In no order. */
  rows: readonly RunRow[];
  folders: readonly string[];
  notes: readonly string[];
  /** Null until the server has answered for the first time. */
  looking: boolean | null;
  error: string | null;
}

let known: KnownRuns = { rows: [], folders: [], notes: [], looking: null, error: null };
const listeners = new Set<() => void>();
let isListening = false;

function set(next: Partial<KnownRuns>): void {
  known = { ...known, ...next };
  for (const listener of [...listeners]) listener();
}

async function ask(): Promise<void> {
  try {
    const { runs, folders, looking, notes } = await get<RunsMessage>("/api/runs");
    set({ rows: runs, folders, looking, notes, error: null });
  } catch (error) {
    set({ error: error instanceof Error ? error.message : String(error) });
  }
}

function begin(): void {
  if (isListening) return;
  isListening = true;
  void ask();
  let greeted = false;
  listen((event) => {
    if (event.type === "hello") {
      // What was told during a break has to be asked for.
      if (greeted) void ask();
      greeted = true;
    }
    if (event.type !== "runs") return;
    const rows = new Map(known.rows.map((row) => [row.id, row]));
    for (const row of event.rows) rows.set(row.id, row);
    for (const id of event.gone) rows.delete(id);
    set({ rows: [...rows.values()], looking: event.looking, notes: event.notes, error: null });
  });
}

/** All runs, again whenever one changes. */
export function useRuns(): KnownRuns {
  const [now, setNow] = useState(known);
  useEffect(() => {
    begin();
    const update = () => setNow(known);
    listeners.add(update);
    update();
    return () => void listeners.delete(update);
  }, []);
  return now;
}

/** Runs by their ids, in that order; those that are not there are left out. */
export function rowsOf(rows: readonly RunRow[], ids: readonly string[]): RunRow[] {
  return ids.flatMap((id) => rows.find((row) => row.id === id) ?? []);
}
