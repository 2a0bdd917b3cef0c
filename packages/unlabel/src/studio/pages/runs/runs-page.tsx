// All runs in one table: what trains, how far, how well; and which of them to look at together.
import { useMemo } from "preact/hooks";
import { navigate, useListQuery, useQuery } from "../app/address.ts";
import { say } from "../app/announce.tsx";
import { useKeys } from "../app/keys.tsx";
import { useRuns } from "../app/runs.ts";
import { saveReport } from "../app/save.ts";
import { Choice } from "../parts/choice.tsx";
import { Command } from "../parts/command.tsx";
import { Empty, Problem } from "../parts/empty.tsx";
import { fits, grouped, isChosen, orderOf, STATES, type StateChoice, sorted } from "./order.ts";
import "./runs.css";
import { RunsTable } from "./runs-table.tsx";

/** As many as can be shown over each other. */
const MOST = 40;

export function RunsPage() {
  const { rows, folders, notes, looking, error } = useRuns();
  const [filter, setFilter] = useQuery("filter");
  const [chosen, setChosen] = useQuery("state", "all");
  const [sort, setSort] = useQuery("sort", "created");
  const [grouping, setGrouping] = useQuery("group", "comparison");
  const [picked, setPicked] = useListQuery("runs");
  const order = orderOf(sort);
  const state = Object.hasOwn(STATES, chosen) ? (chosen as StateChoice) : "all";
  const shown = useMemo(
    () =>
      sorted(
        rows.filter((row) => isChosen(row, state) && fits(row, filter)),
        order,
      ),
    [rows, state, filter, sort],
  );
  const hasGroups = rows.some(({ group }) => group !== null);
  const groups = hasGroups && grouping === "comparison" ? grouped(shown) : [{ group: null, rows: shown }];
  const there = picked.filter((id) => rows.some((row) => row.id === id));

  const pick = (ids: readonly string[], on: boolean) => {
    const next = on ? [...new Set([...there, ...ids])].slice(0, MOST) : there.filter((id) => !ids.includes(id));
    setPicked(next);
    say(`${next.length} picked`);
  };
  const showAll = () => {
    setFilter("");
    setChosen("all");
  };
  const toCurves = () => there.length > 0 && navigate(`/curves?runs=${there.join(",")}`);
  const save = () => void saveReport(there);
  const focused = () => document.activeElement?.closest<HTMLElement>("[data-run]")?.dataset.run;
  const move = (by: number) => {
    const links = [...document.querySelectorAll<HTMLElement>("[data-run] .run-name a")];
    const at = links.findIndex((link) => link.closest<HTMLElement>("[data-run]")?.dataset.run === focused());
    const next = links[at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.max(0, Math.min(links.length - 1, at + by))];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  };
  useKeys("Runs", {
    j: ["next run", () => move(1)],
    k: ["run before", () => move(-1)],
    ArrowDown: ["", () => move(1)],
    ArrowUp: ["", () => move(-1)],
    Enter: ["open it", () => {}],
    x: [
      "pick it",
      () => {
        const id = focused();
        if (id !== undefined) pick([id], !there.includes(id));
      },
    ],
    a: [
      "pick all that are shown",
      () =>
        pick(
          shown.map(({ id }) => id),
          true,
        ),
    ],
    c: ["curves of those picked", toCurves],
    s: ["save a report of those picked", save],
    Escape: ["pick none", () => setPicked([])],
  });

  if (looking !== null && !looking && rows.length === 0) return <NoRuns folders={folders} notes={notes} />;
  const counts = (one: StateChoice) => rows.filter((row) => isChosen(row, one)).length;
  return (
    <div class="runs">
      <h1 class="heard">Runs</h1>
      <Problem text={error} />
      <div class="bar">
        <input
          class="field filter"
          type="search"
          data-filter
          aria-label="Filter"
          placeholder="Filter"
          autocomplete="off"
          spellcheck={false}
          value={filter}
          onInput={({ currentTarget }) => setFilter(currentTarget.value)}
        />
        <Choice
          label="State"
          value={state}
          onChange={setChosen}
          options={(Object.keys(STATES) as StateChoice[]).map((one) => [one, `${STATES[one]} ${counts(one)}`] as const)}
        />
        {hasGroups && (
          <label class="check">
            <input
              type="checkbox"
              checked={grouping === "comparison"}
              onChange={({ currentTarget }) => setGrouping(currentTarget.checked ? "comparison" : "none")}
            />
            By comparison
          </label>
        )}
        <div class="picked">
          <span class="soft">{there.length === 0 ? "None picked" : `${there.length} picked`}</span>
          <button type="button" class="plain" disabled={there.length === 0} onClick={toCurves}>
            Curves <kbd>c</kbd>
          </button>
          <button type="button" class="plain" disabled={there.length === 0} onClick={save}>
            Save as HTML <kbd>s</kbd>
          </button>
        </div>
      </div>
      <RunsTable groups={groups} order={order} onSort={setSort} picked={there} onPick={pick} />
      {shown.length === 0 && rows.length > 0 && (
        <p class="none">
          No run fits.{" "}
          <button type="button" class="quiet" onClick={showAll}>
            Show all
          </button>
        </p>
      )}
      <p class="foot soft small">
        {looking !== false
          ? "Looking for runs …"
          : shown.length === rows.length
            ? `${rows.length} in ${folders.join(", ")}`
            : `${shown.length} of ${rows.length} in ${folders.join(", ")}`}
        {notes.map((note) => (
          <span key={note}> · {note}</span>
        ))}
      </p>
    </div>
  );
}

function NoRuns({ folders, notes }: { folders: readonly string[]; notes: readonly string[] }) {
  return (
    <Empty title="No runs yet">
      <p>None in {folders.join(", ")}. One appears here as soon as it begins; this begins one:</p>
      <Command line={`npx unlabel pretrain IMAGES --out ${folders[0] ?? "runs"}/first`} />
      {notes.map((note) => (
        <p key={note} class="soft">
          {note}
        </p>
      ))}
    </Empty>
  );
}
