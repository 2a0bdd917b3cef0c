// Which runs a page shows: one or more of all, by their names.
import type { RunRow } from "../../messages/runs.ts";
import { rowsOf, useRuns } from "../app/runs.ts";
import { isolated } from "./isolated.ts";
import { RunName } from "./run-name.tsx";
import "./run-picker.css";

interface Props {
  label: string;
  /** Ids, in their order. */
  chosen: readonly string[];
  most: number;
  onChange: (ids: readonly string[]) => void;
  /** Runs that can be chosen; by default those with a step. */
  may?: (row: RunRow) => boolean;
}

/** Chosen ones, each with a way to take it out, and a list to add one from. */
export function RunPicker({ label, chosen, most, onChange, may = (row) => row.step > 0 }: Props) {
  const { rows } = useRuns();
  const there = rowsOf(rows, chosen);
  const others = rows
    .filter((row) => may(row) && !chosen.includes(row.id))
    .sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  return (
    <div class="run-picker">
      {there.map((row, at) => (
        <span class="one" key={row.id}>
          <RunName name={row.name} href={`/run/${row.id}`} color={there.length > 1 ? at : undefined} />
          <button
            type="button"
            class="quiet"
            aria-label={`Take ${row.name} out`}
            onClick={() => onChange(chosen.filter((id) => id !== row.id))}
          >
            ✕
          </button>
        </span>
      ))}
      {there.length < most && (
        <select
          class="field"
          aria-label={label}
          value=""
          onChange={({ currentTarget }) => {
            if (currentTarget.value !== "") onChange([...there.map(({ id }) => id), currentTarget.value]);
            currentTarget.value = "";
          }}
        >
          <option value="">{there.length === 0 ? label : "One more run …"}</option>
          {others.map((row) => (
            <option key={row.id} value={row.id}>
              {`${isolated(row.name)} · ${isolated(row.title)} ${row.encoder}`}
            </option>
          ))}
        </select>
      )}
    </div>
  );
}
