// Curves of several runs over each other, and what their settings differ in.
import { useMemo, useState } from "preact/hooks";
import type { RunCurves, RunRow, SettingsMessage } from "../../messages/runs.ts";
import { useListQuery, useQuery } from "../app/address.ts";
import { useApi } from "../app/api.ts";
import { useKeys } from "../app/keys.tsx";
import { Link } from "../app/link.tsx";
import { rowsOf, useRuns } from "../app/runs.ts";
import { saveReport } from "../app/save.ts";
import { colorToken } from "../app/theme.ts";
import { AXES, axisOf } from "../parts/axis.ts";
import { Chart, type ChartLine } from "../parts/chart.tsx";
import { Choice } from "../parts/choice.tsx";
import { Empty, Problem } from "../parts/empty.tsx";
import { familyOf, metricWords, orderedMetrics, valueWords } from "../parts/metric-words.ts";
import { band, valuesOf, type XAxis } from "../parts/series.ts";
import "./curves.css";
import { Differences } from "./differences.tsx";
import { type Group, seedGroups } from "./groups.ts";
import { Legend } from "./legend.tsx";

const TALL = 420;
const LOW = 280;

export function CurvesPage() {
  const [ids, setIds] = useListQuery("runs");
  const [key, setKey] = useQuery("metric", "train/loss");
  const [axisText, setAxis] = useQuery("x", "step");
  const [log, setLog] = useQuery("log");
  const [smoothText, setSmooth] = useQuery("smooth", "0");
  const [seeds, setSeeds] = useQuery("seeds", "band");
  const [zoomText, setZoom] = useQuery("zoom");
  const { rows, looking } = useRuns();
  const [values, setValues] = useState<readonly (number | null)[]>([]);
  const axis = axisOf(axisText);
  const smoothing = Math.max(0, Math.min(0.99, Number(smoothText) || 0));
  const asked = ids.join(",");
  const topics = ids.map((id) => `run:${id}`);
  const curves = useApi<{ runs: RunCurves[] }>(
    asked ? `/api/curves?runs=${asked}&keys=${encodeURIComponent(key)}` : null,
    topics,
  );
  const settings = useApi<SettingsMessage>(asked ? `/api/settings?runs=${asked}` : null);
  const shown = rowsOf(rows, ids);
  const found = curves.data?.runs ?? [];
  const all = settings.data?.runs ?? [];
  const groups = useMemo(() => seedGroups(shown, all), [asked, rows, all]);
  const hasSeeds = groups.some((group) => group.rows.length > 1);
  const isBanded = hasSeeds && seeds === "band";
  const lines = useMemo(
    () => linesOf({ groups, found, key, axis, smoothing, isBanded }),
    [groups, found, key, axis, smoothing, isBanded],
  );
  const keys = orderedMetrics([...new Set(found.flatMap((run) => run.keys))]);
  const read = lines.filter(({ isBehind }) => !isBehind);
  const toggle = (letter: string) =>
    setLog(log.includes(letter) ? log.replace(letter, "") : [...log, letter].sort().join(""));
  const turn = () => setAxis({ step: "minutes", minutes: "images", images: "step" }[axis]);
  useKeys("Curves", {
    x: ["steps, minutes or images", turn],
    l: ["logarithms of values", () => toggle("y")],
    m: ["next metric", () => setKey(keys[(keys.indexOf(key) + 1) % Math.max(1, keys.length)] ?? key)],
    "]": ["smoother", () => setSmooth(String(Math.min(0.99, Math.round((smoothing + 0.1) * 100) / 100)))],
    "[": ["rougher", () => setSmooth(String(Math.max(0, Math.round((smoothing - 0.1) * 100) / 100)))],
    b: ["seeds as bands or lines", () => hasSeeds && setSeeds(seeds === "band" ? "lines" : "band")],
    s: ["save a report", () => void saveReport(ids)],
    0: ["show all", () => setZoom("")],
  });
  if (ids.length === 0 || (looking === false && shown.length === 0))
    return (
      <Empty title="No runs picked">
        <p>
          <Link href="/">Pick some in the table</Link> (x picks, c shows their curves).
        </p>
      </Empty>
    );
  const zoom = zoomOf(zoomText);
  const behind = found.filter((run) => run.read < 1);
  const withoutBatch = axis === "images" && found.some((run) => run.batch === null);
  return (
    <div class="curves-page">
      <h1 class="heard">Curves of {shown.length === 1 ? "one run" : `${shown.length} runs`}</h1>
      <Problem text={curves.error ?? settings.error} />
      <div class="bar">
        <label class="control">
          <span class="heard">Metric</span>
          <select class="field" value={key} onChange={({ currentTarget }) => setKey(currentTarget.value)}>
            {!keys.includes(key) && <option value={key}>{metricWords(key)}</option>}
            {[...new Set(keys.map(familyOf))].map((family) => (
              <optgroup key={family} label={family}>
                {keys
                  .filter((one) => familyOf(one) === family)
                  .map((one) => (
                    <option key={one} value={one}>
                      {metricWords(one)}
                    </option>
                  ))}
              </optgroup>
            ))}
          </select>
        </label>
        <Choice
          label="Over"
          value={axis}
          options={(Object.keys(AXES) as XAxis[]).map((one) => [one, AXES[one].many] as const)}
          onChange={(next) => {
            setZoom("");
            setAxis(next);
          }}
        />
        <label class="control">
          <span class="soft">Smooth</span>
          <input
            type="range"
            min="0"
            max="0.99"
            step="0.01"
            value={smoothing}
            onInput={({ currentTarget }) => setSmooth(currentTarget.value)}
          />
          <output class="small soft">{smoothing.toFixed(2)}</output>
        </label>
        <label class="control">
          <input type="checkbox" checked={log.includes("y")} onChange={() => toggle("y")} />
          Log values
        </label>
        <label class="control">
          <input type="checkbox" checked={log.includes("x")} onChange={() => toggle("x")} />
          Log {AXES[axis].many.toLowerCase()}
        </label>
        {hasSeeds && (
          <label class="control">
            <input
              type="checkbox"
              checked={isBanded}
              onChange={({ currentTarget }) => setSeeds(currentTarget.checked ? "band" : "lines")}
            />
            Seeds as bands
          </label>
        )}
        <span class="end">
          <button type="button" class="plain" onClick={() => void saveReport(ids)}>
            Save as HTML <kbd>s</kbd>
          </button>
        </span>
      </div>
      <div class="over-each-other">
        <Chart
          title={metricWords(key)}
          hasLegend
          lines={lines}
          height={innerWidth < 700 ? LOW : TALL}
          logX={log.includes("x")}
          logY={log.includes("y")}
          unit={AXES[axis].one}
          xWords={AXES[axis].words}
          isCount={AXES[axis].isCount}
          yWords={valueWords(key)}
          zoom={zoom}
          onZoom={(next) => setZoom(next === null ? "" : next.map((value) => Number(value.toPrecision(6))).join(":"))}
          onRead={(_, next) => setValues(next)}
        />
        <Legend
          groups={groups}
          isBanded={isBanded}
          values={read.map((_, i) => values[i] ?? null)}
          words={valueWords(key)}
          onRemove={(gone) => setIds(ids.filter((id) => !gone.includes(id)))}
        />
      </div>
      <p class="small soft under-chart">
        {behind.length > 0 &&
          `${behind.map((run) => `${Math.round(100 * run.read)} %`).join(", ")} of the metrics read, the rest is a sample. `}
        {key === "train/loss" &&
          new Set(shown.map(({ method }) => method)).size > 1 &&
          "Losses of different methods measure different things. "}
        {withoutBatch && "A run without a batch size has no images to count. "}
        {smoothing === 0
          ? "Every extreme is drawn, however long the run. Drag to zoom."
          : "Means that forget, over what was recorded. Drag to zoom."}
      </p>
      <Differences rows={shown} settings={all} />
    </div>
  );
}

interface Wanted {
  groups: readonly Group[];
  found: readonly RunCurves[];
  key: string;
  axis: XAxis;
  smoothing: number;
  isBanded: boolean;
}

function linesOf({ groups, found, key, axis, smoothing, isBanded }: Wanted): ChartLine[] {
  const of = (row: RunRow, smooth: number) => {
    const run = found.find(({ id }) => id === row.id);
    return run ? valuesOf(run, key, axis, smooth) : { x: [], y: [] };
  };
  if (isBanded) {
    return groups.map(({ name, rows }, i) => {
      const style = { label: name, color: colorToken(i), width: 2, isDashed: i >= 6 };
      if (rows.length === 1) return { ...style, ...of(rows[0]!, smoothing) };
      return { ...style, ...band(rows.map((row) => of(row, smoothing))) };
    });
  }
  const rows = groups.flatMap((group) => group.rows);
  return rows.flatMap((row, i): ChartLine[] => {
    const style = { label: row.name, color: colorToken(i), isDashed: i >= 6 };
    const line = { ...style, width: smoothing > 0 ? 2.2 : 1.6, ...of(row, smoothing) };
    return smoothing > 0 ? [{ ...style, ...of(row, 0), width: 1, alpha: 0.25, isBehind: true }, line] : [line];
  });
}

function zoomOf(text: string): readonly [number, number] | null {
  const [from, to, ...rest] = text.split(":").map(Number);
  const isWhole = rest.length === 0 && Number.isFinite(from) && Number.isFinite(to) && from! < to!;
  return isWhole ? [from!, to!] : null;
}
