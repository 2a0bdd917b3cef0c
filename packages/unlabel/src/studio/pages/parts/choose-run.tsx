// Where a page needs a run and has none: what it would show, and the newest runs to begin with.
import type { RunRow } from "../../messages/runs.ts";
import { useRuns } from "../app/runs.ts";
import { Command } from "./command.tsx";
import "./choose-run.css";
import { Empty } from "./empty.tsx";

/** Runs that are offered; the list above has all. */
const OFFERED = 6;

interface Props {
  /** What the page shows of a run. */
  words: string;
  /** Runs that can be chosen. */
  may?: (row: RunRow) => boolean;
  /** A command that makes one, where there is none. */
  command?: string;
  onChoose: (id: string) => void;
}

export function ChooseRun({
  words,
  may = (row) => row.step > 0,
  command = "npx unlabel pretrain IMAGES",
  onChoose,
}: Props) {
  const { rows } = useRuns();
  const newest = rows
    .filter(may)
    .sort((a, b) => (b.created ?? "").localeCompare(a.created ?? ""))
    .slice(0, OFFERED);
  return (
    <Empty title={newest.length > 0 ? "Choose a run" : "No run for this yet"}>
      <p>{words}</p>
      {newest.length > 0 ? (
        <ul class="choose-run">
          {newest.map(({ id, name, title, encoder }) => (
            <li key={id}>
              <button type="button" title={name} onClick={() => onChoose(id)}>
                <bdi>{name}</bdi>
                <small class="soft">{[title, encoder].filter(Boolean).join(", ")}</small>
              </button>
            </li>
          ))}
        </ul>
      ) : (
        <Command what="One appears here as soon as it has begun; this begins one" line={command} />
      )}
    </Empty>
  );
}
