// One run: where it stands, its curves, what they mean, what its encoder is worth, and what to do next.
import { useEffect } from "preact/hooks";
import { compact, count, duration, megabytes, percent, plural, significant } from "../../../page/numbers.ts";
import type { RunCurves, RunDetail } from "../../messages/runs.ts";
import { navigate } from "../app/address.ts";
import { useApi } from "../app/api.ts";
import { useKeys } from "../app/keys.tsx";
import { Link } from "../app/link.tsx";
import type { PageProps } from "../app/page.ts";
import { useRuns } from "../app/runs.ts";
import { saveReport } from "../app/save.ts";
import { Command } from "../parts/command.tsx";
import { Empty, Problem } from "../parts/empty.tsx";
import { Section } from "../parts/section.tsx";
import { Health, isSick, Status } from "../parts/status.tsx";
import { ago } from "../parts/time.ts";
import { orderOf, sorted } from "../runs/order.ts";
import { Facts } from "./facts.tsx";
import "./run.css";
import { RunCharts } from "./run-charts.tsx";
import { Scores } from "./scores.tsx";
import { runSections } from "./slots.tsx";

export function RunPage({ params }: PageProps) {
  const id = params.id ?? "";
  const topics = [`run:${id}`];
  const detail = useApi<RunDetail>(`/api/run/${id}`, topics);
  const curves = useApi<{ runs: RunCurves[] }>(`/api/curves?runs=${id}`, topics);
  const { rows, looking } = useRuns();
  const step = (by: number) => {
    const all = sorted(rows, orderOf("created"));
    const next = all[all.findIndex((row) => row.id === id) + by];
    if (next) navigate(`/run/${next.id}`);
  };
  useKeys("Run", {
    j: ["next run", () => step(1)],
    k: ["run before", () => step(-1)],
    c: ["its curves, to set others beside", () => navigate(`/curves?runs=${id}`)],
    s: ["save a report", () => void saveReport([id])],
    Escape: ["all runs", () => navigate("/")],
  });
  const run = detail.data;
  const known = rows.find((row) => row.id === id);
  const name = known?.name ?? run?.row.name;
  useEffect(() => {
    if (name !== undefined) document.title = `${name} · unlabel studio`;
  }, [id, name]);
  if (run === null)
    return detail.error === null ? (
      <h1 class="run-title">{known ? <bdi>{known.name}</bdi> : "…"}</h1>
    ) : (
      <Empty title={known?.name ?? "No such run"}>
        <Problem text={known?.problem ?? detail.error} />
        <p>
          <Link href="/">All runs</Link>
        </p>
      </Empty>
    );
  // A row that was told of since is the newer one.
  const row = known ?? run.row;
  const found = curves.data?.runs[0] ?? null;
  const isGone = looking === false && !known;
  return (
    <article class="run">
      <header class="run-head">
        <div>
          <h1 class="run-title">
            <bdi>{row.name}</bdi>
          </h1>
          <p class="run-what">
            {!isGone && <Status state={row.state} />}
            <span>{[row.title, row.encoder].filter(Boolean).join(", ")}</span>
            <bdi>{row.data}</bdi>
            {row.seed !== null && <span>seed {row.seed}</span>}
            <span title={row.created ?? ""}>begun {ago(row.created)}</span>
          </p>
        </div>
        <div class="run-tools">
          <Link class="button" href={`/curves?runs=${id}`}>
            Curves <kbd>c</kbd>
          </Link>
          <button type="button" class="plain" onClick={() => void saveReport([id])}>
            Save as HTML <kbd>s</kbd>
          </button>
        </div>
      </header>
      <Problem
        text={
          isGone ? "Its folder has been moved or removed; this is what was known of it." : (detail.error ?? row.problem)
        }
      />
      {[...run.damage, ...run.notes].map((line) => (
        <p key={line} class="problem note">
          {line}
        </p>
      ))}
      <Figures run={run} curves={found} row={row} />
      <p class={`verdict ${isSick(row.health) ? "sick" : ""}`}>
        {row.health === null ? (
          <span class="soft">How its features fare is told once they have been looked at.</span>
        ) : (
          <>
            <Health health={row.health} /> <span>{sentence(row.health.text, row.health.verdict)}</span>
          </>
        )}
      </p>
      <RunCharts run={run} curves={found} error={curves.error} />
      {runSections.map(({ id: key, view: View }) => (
        <View key={key} run={run} />
      ))}
      <Scores scores={run.scores} commands={run.commands} />
      {run.commands.length > 0 && (
        <Section id="next" title="What next">
          <div class="commands">
            {run.commands.map(({ what, line }) => (
              <Command key={line} what={what} line={line} />
            ))}
          </div>
        </Section>
      )}
      {run.skipped.count > 0 && (
        <Section id="skipped" title={`${plural(run.skipped.count, "image")} could not be read`}>
          <ul class="skipped">
            {run.skipped.first.map(({ path, reason }, i) => (
              <li key={i}>
                <bdi class="mono">{path}</bdi> <span class="soft">{reason}</span>
              </li>
            ))}
          </ul>
          {run.skipped.count > run.skipped.first.length && (
            <p class="soft">and {count(run.skipped.count - run.skipped.first.length)} more in skipped.jsonl</p>
          )}
        </Section>
      )}
      <Facts run={run} />
    </article>
  );
}

/** A verdict's text often begins with the verdict. */
function sentence(text: string, verdict: string): string {
  const rest = text.replace(new RegExp(`^${verdict}[:,]?\\s*`), "");
  return rest.charAt(0).toUpperCase() + rest.slice(1);
}

interface FiguresProps {
  run: RunDetail;
  row: RunDetail["row"];
  curves: RunCurves | null;
}

/** What changes while it trains, each in a place that stays. */
function Figures({ run, row, curves }: FiguresProps) {
  const wait = curves?.series["data/wait_s"]?.points.at(-1)?.[1] ?? null;
  const pace = row.rate !== null && run.batch !== null && row.rate > 0 ? run.batch / row.rate : null;
  const memory = run.memory?.now ?? run.peakMb;
  const figures: readonly (readonly [words: string, value: string, more: string])[] = [
    ["Steps", compact(row.step), row.total === null ? "" : `of ${compact(row.total)}`],
    row.state === "live"
      ? [
          "Left",
          row.eta === null ? "–" : duration(row.eta),
          row.epoch === null ? "" : `epoch ${significant(row.epoch)}`,
        ]
      : [
          "Trained",
          row.seconds === null ? "–" : duration(row.seconds),
          row.epoch === null ? "" : `epoch ${significant(row.epoch)}`,
        ],
    [
      "Loss",
      row.loss === null ? "–" : significant(row.loss, 4),
      run.chance === null ? "" : `chance ${significant(run.chance)}`,
    ],
    ["Images a second", row.rate === null ? "–" : significant(row.rate), ""],
    ["Waiting for images", wait === null || pace === null ? "–" : percent(wait / pace), "of the time"],
    [
      "Memory",
      memory === null ? "–" : megabytes(memory),
      run.memory ? `at most ${megabytes(run.memory.peak)}` : memory === null ? "" : "at most",
    ],
    ["Linear probe", row.probe === null ? "–" : percent(row.probe.top1), scoreNote(row.probe)],
    ["kNN", row.knn === null ? "–" : percent(row.knn.top1), scoreNote(row.knn)],
  ];
  return (
    <dl class="figures">
      {figures.map(([words, value, more]) => (
        <div key={words}>
          <dt>{words}</dt>
          <dd>
            {value}
            <small>{more}</small>
            {words === "Steps" && (
              <span class="progress" style={{ "--done": String(row.total ? Math.min(1, row.step / row.total) : 0) }} />
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function scoreNote(told: RunDetail["row"]["probe"]): string {
  if (told === null) return "";
  if (told.online) return "while training";
  return told.untrained === null ? "" : `${percent(told.untrained)} untrained`;
}
