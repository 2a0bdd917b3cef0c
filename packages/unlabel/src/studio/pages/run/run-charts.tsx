// Every metric of a run over one axis, with one cursor. Charts stand in the same places from the first step on.
import { useMemo } from "preact/hooks";
import { count, significant } from "../../../page/numbers.ts";
import type { RunCurves, RunDetail } from "../../messages/runs.ts";
import { useQuery } from "../app/address.ts";
import { useKeys } from "../app/keys.tsx";
import { AXES, axisOf } from "../parts/axis.ts";
import { Chart, type ChartLine, type Level } from "../parts/chart.tsx";
import { Choice } from "../parts/choice.tsx";
import { Problem } from "../parts/empty.tsx";
import { metricWords, orderedMetrics, valueWords } from "../parts/metric-words.ts";
import { Section } from "../parts/section.tsx";
import { valuesOf, type XAxis } from "../parts/series.ts";

/** There from the beginning, whether anything has been recorded or not. */
const ALWAYS = ["train/loss", "train/lr", "data/images_per_s", "data/wait_s"];
/** Of use to programs alone. */
const LEFT_OUT = new Set(["health/images", "watch/seconds"]);
/** How much of the last mean stays: of many values most, of few less, or it would lag behind all of them. */
const smoothingFor = (values: number) => Math.min(0.9, Math.max(0.5, 1 - 60 / values));

interface Props {
  run: RunDetail;
  curves: RunCurves | null;
  error: string | null;
}

export function RunCharts({ run, curves, error }: Props) {
  const [axisText, setAxis] = useQuery("x", "step");
  const [isSmooth, setSmooth] = useQuery("smooth", "on");
  const axis = axisOf(axisText);
  useKeys("Curves", {
    x: ["steps, minutes or images", () => setAxis({ step: "minutes", minutes: "images", images: "step" }[axis])],
    m: ["means or values", () => setSmooth(isSmooth === "on" ? "off" : "on")],
  });
  const keys = [
    ...ALWAYS,
    ...orderedMetrics(curves?.keys ?? []).filter((key) => !ALWAYS.includes(key) && !LEFT_OUT.has(key)),
  ];
  const levels: Level[] = [
    ...(run.chance === null ? [] : [{ value: run.chance, label: `chance ${significant(run.chance)}` }]),
    ...(run.floor === null ? [] : [{ value: run.floor, label: `floor ${significant(run.floor)}` }]),
  ];
  const broken = curves?.series["train/loss"];
  const span = useMemo(() => (curves ? spanOf(curves, axis) : null), [curves, axis]);
  return (
    <Section
      id="curves"
      title="Curves"
      aside={
        <>
          <label class="control">
            <input
              type="checkbox"
              checked={isSmooth === "on"}
              onChange={({ currentTarget }) => setSmooth(currentTarget.checked ? "on" : "off")}
            />
            Means
          </label>
          <Choice
            label="Over"
            value={axis}
            options={(Object.keys(AXES) as XAxis[]).map((one) => [one, AXES[one].many] as const)}
            onChange={setAxis}
          />
        </>
      }
    >
      <Problem text={error} />
      {broken?.brokenAt != null && (
        <p class="problem">
          The loss was not a number from step {count(broken.brokenAt)} on ({count(broken.broken)} in all).
        </p>
      )}
      <div class="charts">
        {keys.map((key) => (
          <Metric
            key={key}
            curves={curves}
            name={key}
            axis={axis}
            isSmooth={isSmooth === "on"}
            run={run}
            levels={levels}
            span={span}
          />
        ))}
      </div>
      <p class="small soft under-chart">
        {curves && curves.read < 1
          ? `${Math.round(100 * curves.read)} % of its metrics read, the rest is a sample. `
          : ""}
        {curves && curves.torn > 0
          ? `${count(curves.torn)} lines of metrics.jsonl cannot be read and are left out. `
          : ""}
        {run.lossWords ? `The loss: ${run.lossWords}.` : ""}
      </p>
    </Section>
  );
}

interface MetricProps {
  curves: RunCurves | null;
  name: string;
  axis: XAxis;
  isSmooth: boolean;
  run: RunDetail;
  levels: Level[];
  span: readonly [number, number] | null;
}

/** Where the run's metrics begin and end: one axis for all charts, and one that was recorded once stands where it was. */
function spanOf(curves: RunCurves, axis: XAxis): [number, number] | null {
  const ends = Object.keys(curves.series).flatMap((name) => {
    const { x } = valuesOf(curves, name, axis);
    return x.length > 0 ? [x[0]!, x.at(-1)!] : [];
  });
  const [first, last] = [Math.min(...ends), Math.max(...ends)];
  return first < last ? [first, last] : null;
}

const NO_LEVELS: Level[] = [];

function Metric({ curves, name, axis, isSmooth, run, levels, span }: MetricProps) {
  const isLoss = name === "train/loss";
  const lines = useMemo((): ChartLine[] => {
    if (!curves) return [];
    const label = metricWords(name);
    const color = "--run0";
    const isNoisy = isSmooth && /^(train|data)\//.test(name) && name !== "train/lr" && name !== "data/size";
    const own = { label, color, ...valuesOf(curves, name, axis) };
    if (!isNoisy || own.x.length < 20) return [{ ...own, width: 1.8 }];
    // What is read out is what was recorded, as in the figures above.
    const smoothing = smoothingFor(own.x.length);
    const mean = { label, color, width: 2, isBehind: true, ...valuesOf(curves, name, axis, smoothing) };
    return [{ ...own, width: 1, alpha: 0.3 }, mean];
  }, [curves, name, axis, isSmooth]);
  return (
    <div class={isLoss ? "major" : ""}>
      <Chart
        title={metricWords(name)}
        lines={lines}
        levels={isLoss ? levels : NO_LEVELS}
        height={isLoss ? 322 : 138}
        unit={AXES[axis].one}
        xWords={AXES[axis].words}
        isCount={AXES[axis].isCount}
        yWords={valueWords(name)}
        zoom={span}
        together={`run-${run.row.id}`}
      />
    </div>
  );
}
