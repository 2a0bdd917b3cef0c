// Which line is which, and what it is where the cursor stands. The lines of the list are those of the chart, in its order.
import { RunName } from "../parts/run-name.tsx";
import type { Group } from "./groups.ts";

interface Props {
  groups: readonly Group[];
  isBanded: boolean;
  values: readonly (number | null)[];
  words: (value: number) => string;
  onRemove: (ids: readonly string[]) => void;
}

export function Legend({ groups, isBanded, values, words, onRemove }: Props) {
  const entries = isBanded
    ? groups.map(({ name, rows }) => ({ name, ids: rows.map(({ id }) => id) }))
    : groups.flatMap(({ rows }) => rows.map(({ name, id }) => ({ name, ids: [id] })));
  return (
    <ul class="legend" aria-label="Lines">
      {entries.map(({ name, ids }, i) => (
        <li key={ids.join()}>
          <RunName name={name} color={i} {...(ids.length === 1 && { href: `/run/${ids[0]}` })} />
          {ids.length > 1 && <span class="soft seeds">{ids.length} seeds</span>}
          <span class="value">{values[i] == null ? "–" : words(values[i])}</span>
          <button type="button" class="quiet" aria-label={`Leave out ${name}`} onClick={() => onRemove(ids)}>
            ×
          </button>
        </li>
      ))}
    </ul>
  );
}
