// The table of runs. Columns keep their widths and rows their height whatever comes, so that nothing moves while it is live.
import { memo } from "preact/compat";
import { compact, count, duration, percent, significant } from "../../../page/numbers.ts";
import type { RunRow, Told } from "../../messages/runs.ts";
import { RunName } from "../parts/run-name.tsx";
import { Spark } from "../parts/spark.tsx";
import { Health, Status } from "../parts/status.tsx";
import { ago } from "../parts/time.ts";
import { isRising, type Order, type SortKey } from "./order.ts";

interface Column {
  key: SortKey;
  words: string;
  /** Numbers stand to the right. */
  isNumber?: boolean;
  /** Left out where there is little room. */
  isMinor?: boolean;
}

const COLUMNS: readonly Column[] = [
  { key: "name", words: "Run" },
  { key: "method", words: "Method", isMinor: true },
  { key: "encoder", words: "Encoder", isMinor: true },
  { key: "data", words: "Data", isMinor: true },
  { key: "created", words: "Begun", isMinor: true },
  { key: "state", words: "State" },
  { key: "step", words: "Step", isNumber: true, isMinor: true },
  { key: "eta", words: "Left", isNumber: true, isMinor: true },
  { key: "loss", words: "Loss" },
  { key: "health", words: "Health", isMinor: true },
  { key: "probe", words: "Probe", isNumber: true },
  { key: "knn", words: "kNN", isNumber: true, isMinor: true },
];

interface Props {
  groups: readonly { group: string | null; rows: readonly RunRow[] }[];
  order: Order;
  onSort: (sort: string) => void;
  picked: readonly string[];
  onPick: (ids: readonly string[], on: boolean) => void;
}

export function RunsTable({ groups, order, onSort, picked, onPick }: Props) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls by keyboard
    <section class="scroll runs-table" aria-label="Runs" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th class="pick">
              <span class="heard">Picked</span>
            </th>
            {COLUMNS.map(({ key, words, isNumber, isMinor }) => {
              const isSorted = order.key === key;
              const sort = isSorted ? (isRising(order) ? "ascending" : "descending") : undefined;
              return (
                <th
                  key={key}
                  scope="col"
                  data-column={key}
                  class={`${key} ${isNumber ? "n" : ""} ${isMinor ? "minor" : ""}`}
                  aria-sort={sort}
                >
                  <button type="button" onClick={() => onSort(isSorted && !order.isTurned ? `-${key}` : key)}>
                    {words}
                    <span class="way" aria-hidden="true">
                      {sort === "ascending" ? "↑" : sort === "descending" ? "↓" : ""}
                    </span>
                  </button>
                </th>
              );
            })}
          </tr>
        </thead>
        {groups.map(({ group, rows }) => (
          <tbody key={group ?? ""}>
            {group !== null && (
              <tr class="group">
                <th class="pick">
                  <input
                    type="checkbox"
                    aria-label={`Pick all of ${group}`}
                    checked={rows.every(({ id }) => picked.includes(id))}
                    onChange={({ currentTarget }) =>
                      onPick(
                        rows.map(({ id }) => id),
                        currentTarget.checked,
                      )
                    }
                  />
                </th>
                <th scope="rowgroup">
                  <bdi>{group}</bdi> <span class="soft">{rows.length === 1 ? "1 run" : `${rows.length} runs`}</span>
                </th>
                {/* A cell for each column, as some are left out where there is little room. */}
                {COLUMNS.slice(1).map(({ key, isMinor }) => (
                  <td key={key} data-column={key} class={isMinor ? "minor" : ""} />
                ))}
              </tr>
            )}
            {rows.map((row) => (
              <Row key={row.id} row={row} isPicked={picked.includes(row.id)} onPick={onPick} inGroup={group !== null} />
            ))}
          </tbody>
        ))}
      </table>
    </section>
  );
}

interface RowProps {
  row: RunRow;
  isPicked: boolean;
  inGroup: boolean;
  onPick: Props["onPick"];
}

const Row = memo(
  ({ row, isPicked, inGroup, onPick }: RowProps) => {
    const name = inGroup && row.group !== null ? row.name.slice(row.group.length + 1) || row.name : row.name;
    return (
      <tr data-run={row.id} class={`${isPicked ? "is-picked" : ""} ${row.state === "unread" ? "is-unread" : ""}`}>
        <td class="pick">
          <input
            type="checkbox"
            aria-label={`Pick ${row.name}`}
            checked={isPicked}
            onChange={({ currentTarget }) => onPick([row.id], currentTarget.checked)}
          />
        </td>
        <th scope="row" class="name">
          <RunName name={name} href={`/run/${row.id}`} />
          <small class="under">{row.problem ?? [row.title, row.encoder].filter(Boolean).join(", ")}</small>
        </th>
        {row.state === "unread" ? (
          <>
            <td class="minor problem-cell" title={row.problem ?? ""}>
              <span>{row.problem}</span>
            </td>
            <td class="minor" data-column="encoder" />
            <td class="minor" data-column="data" />
            <td class="minor" data-column="created" />
          </>
        ) : (
          <>
            <td class="minor" title={row.title}>
              {row.title}
            </td>
            <td class="minor" data-column="encoder" title={row.encoder}>
              {row.encoder}
            </td>
            <td class="minor" data-column="data" title={row.data}>
              <bdi>{row.data}</bdi>
            </td>
            <td class="minor soft" data-column="created" title={row.created ?? ""}>
              {ago(row.created)}
            </td>
          </>
        )}
        <td title={row.problem ?? row.trainer ?? ""}>
          <Status state={row.state} />
        </td>
        <td class="n minor steps">
          {row.state !== "unread" && (
            <>
              {row.total === null ? compact(row.step) : `${compact(row.step)} / ${compact(row.total)}`}
              <span class="progress" style={{ "--done": String(row.total ? Math.min(1, row.step / row.total) : 0) }} />
            </>
          )}
        </td>
        <td class="n minor" data-column="eta">
          {row.eta === null ? "" : duration(row.eta)}
        </td>
        <td class={`loss ${row.state === "live" ? "is-live" : ""}`}>
          <span class="with-spark">
            <Spark values={row.spark} />
            <span>{row.loss === null ? "–" : significant(row.loss)}</span>
          </span>
        </td>
        <td class="minor" data-column="health">
          <Health health={row.health} />
        </td>
        <td class="n">
          <Score told={row.probe} />
        </td>
        <td class="n minor">
          <Score told={row.knn} />
        </td>
      </tr>
    );
  },
  (a, b) => a.row === b.row && a.isPicked === b.isPicked && a.inGroup === b.inGroup,
);

function Score({ told }: { told: Told | null }) {
  if (told === null) return <span class="soft">–</span>;
  const beside = told.untrained === null ? "" : `; ${percent(told.untrained)} untrained`;
  const how = told.online ? "measured while it trains" : `measured by an evaluation${beside}`;
  return (
    <span class={told.online ? "soft" : ""} title={`top-1, ${how}`}>
      {percent(told.top1)}
    </span>
  );
}

/** Steps in words, for where there is room. */
export function stepsInWords(row: RunRow): string {
  return row.total === null ? `${count(row.step)} steps` : `${count(row.step)} of ${count(row.total)} steps`;
}
