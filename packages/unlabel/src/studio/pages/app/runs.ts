// All runs, as the server tells of them: asked for once, then kept up to date row by row, and shared by all pages.
import { useEffect, useState } from "preact/hooks";
import type { RunRow, RunsMessage } from "../../messages/runs.ts";
import { get } from "./api.ts";
import { listen } from "./live.ts";
import { RunTable } from "./run-table.ts";

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

const table = new RunTable();
let [isAsking, isDue] = [false, false];

async function ask(): Promise<void> {
  isDue = true;
  if (isAsking) return;
  isAsking = true;
  while (isDue) {
    isDue = false;
    table.asks();
    try {
      const answer = await get<RunsMessage>("/api/runs");
      if (table.answers(answer)) isDue = true;
      const { folders, looking, notes } = answer;
      set({ rows: table.rows, folders, looking, notes, error: null });
    } catch (error) {
      table.fails();
      set({ error: error instanceof Error ? error.message : String(error) });
    }
  }
  isAsking = false;
}

function begin(): void {
  if (isListening) return;
  isListening = true;
  void ask();
  let isFirst = true;
  listen((event) => {
    if (event.type === "hello") {
      table.opens(event.told);
      // What was told during a break has to be asked for.
      if (!isFirst || !isAsking) void ask();
      isFirst = false;
    }
    if (event.type !== "runs") return;
    table.hears(event);
    set({ rows: table.rows, looking: event.looking, notes: event.notes, error: null });
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
