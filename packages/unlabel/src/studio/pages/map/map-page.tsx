// Where a run puts its images: those with like features lie close. Two runs side by side have one selection.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { DataTold, MapTold, WorkState } from "../../messages/atlas.ts";
import { useListQuery, useQuery } from "../app/address.ts";
import { say } from "../app/announce.tsx";
import { post, useApi } from "../app/api.ts";
import { useKeys } from "../app/keys.tsx";
import { rowsOf, useRuns } from "../app/runs.ts";
import { Choice } from "../parts/choice.tsx";
import { ChooseRun } from "../parts/choose-run.tsx";
import { Problem } from "../parts/empty.tsx";
import { RunPicker } from "../parts/run-picker.tsx";
import { Working } from "../parts/working.tsx";
import { COLOURINGS, type Colouring, type Kind, kindsOf } from "./colours.ts";
import "./map.css";
import { MapCanvas, type MapHandle } from "./map-canvas.tsx";
import { type Points, readPoints } from "./points.ts";
import { Selection } from "./selection.tsx";

interface Loaded {
  told: MapTold;
  points: Points;
}

export function MapPage() {
  const { rows, looking } = useRuns();
  const [asked, setRuns] = useListQuery("runs");
  const [colour, setColour] = useQuery("color", "class");
  const [apartText, setApart] = useQuery("only");
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const [isLasso, setLasso] = useState(false);
  const [loaded, setLoaded] = useState<Readonly<Record<string, Loaded>>>({});
  const handles = useRef(new Map<string, MapHandle>());
  const runs = rowsOf(rows, asked).slice(0, 2);
  const maps = runs.flatMap(({ id }) => loaded[id] ?? []);
  const first = maps[0];
  const isShared = maps.length < 2 || maps[0]!.told.images === maps[1]!.told.images;
  const has = (one: Colouring) =>
    !first ||
    (one === "group"
      ? true
      : one === "split"
        ? first.told.val > 0 && first.told.train > 0
        : first.told.classes.length > 1);
  const colourings = (Object.keys(COLOURINGS) as Colouring[]).filter(has);
  const colouring = colourings.find((one) => one === colour) ?? colourings[0] ?? "group";
  const kinds = useMemo(
    () => maps.map(({ told, points }) => kindsOf(points, told, colouring)),
    [loaded, asked.join(), colouring],
  );
  const apart = useMemo(() => new Set(apartText === "" ? [] : apartText.split(",").map(Number)), [apartText]);

  const choose = (images: readonly number[], how: "new" | "more") => {
    const next = how === "new" ? new Set(images) : new Set(chosen);
    if (how === "more") {
      // One image a second time is taken out again.
      const [only] = images;
      if (images.length === 1 && only !== undefined && chosen.has(only)) next.delete(only);
      else for (const image of images) next.add(image);
    }
    setChosen(next);
    say(`${next.size} images chosen`);
  };
  const each = (call: (handle: MapHandle) => void) => {
    for (const handle of handles.current.values()) call(handle);
  };
  useKeys("Map", {
    l: ["draw a line around images", () => setLasso((now) => !now)],
    v: ["choose all that can be seen", () => handles.current.values().next().value?.chooseShown()],
    "+": ["nearer", () => each((map) => map.zoom(1.5))],
    "-": ["farther", () => each((map) => map.zoom(1 / 1.5))],
    "0": ["all of it", () => each((map) => map.whole())],
    c: ["another colouring", () => setColour(colourings[(colourings.indexOf(colouring) + 1) % colourings.length]!)],
    Escape: [
      "choose none",
      () => {
        setLasso(false);
        setChosen(new Set());
      },
    ],
  });
  const toggle = (value: number) => {
    const next = new Set(apart);
    if (!next.delete(value)) next.add(value);
    setApart([...next].join(","));
  };
  return (
    <div class="map-page">
      <h1 class="heard">Map</h1>
      <div class="bar">
        <RunPicker label="Choose a run …" chosen={runs.map(({ id }) => id)} most={2} onChange={setRuns} />
        {first && (
          <>
            <Choice
              label="Colour by"
              value={colouring}
              options={colourings.map((one) => [one, COLOURINGS[one]] as const)}
              onChange={(one) => {
                setColour(one);
                setApart("");
              }}
            />
            <div class="map-tools">
              <button type="button" class="plain" aria-pressed={isLasso} onClick={() => setLasso(!isLasso)}>
                Lasso <kbd>l</kbd>
              </button>
              <button type="button" class="plain" onClick={() => each((map) => map.zoom(1.5))} aria-label="Nearer">
                +
              </button>
              <button type="button" class="plain" onClick={() => each((map) => map.zoom(1 / 1.5))} aria-label="Farther">
                −
              </button>
              <button type="button" class="plain" onClick={() => each((map) => map.whole())}>
                All
              </button>
            </div>
          </>
        )}
      </div>
      {runs.length === 0 && looking === false && (
        <ChooseRun
          words="A map puts images with like features close to each other. Choose one run, or two that were trained on the same images to see where each puts them."
          onChoose={(id) => setRuns([id])}
        />
      )}
      {!isShared && (
        <p class="soft">
          These runs have other images, so that each map has a selection of its own: the first one's is listed.
        </p>
      )}
      <div class={`maps ${runs.length > 1 ? "two" : ""}`}>
        {runs.map(({ id, name, step }, at) => (
          <OneMap key={id} id={id} step={step} onLoad={(one) => setLoaded((before) => ({ ...before, [id]: one }))}>
            {(one) => (
              <MapCanvas
                run={id}
                name={name}
                told={one.told}
                points={one.points}
                kinds={kinds[at] ?? []}
                colouring={colouring}
                apart={apart}
                chosen={isShared || at === 0 ? chosen : NONE}
                onChoose={isShared || at === 0 ? choose : () => {}}
                isLasso={isLasso}
                onLassoEnd={() => setLasso(false)}
                handle={(handle) => void (handle ? handles.current.set(id, handle) : handles.current.delete(id))}
              />
            )}
          </OneMap>
        ))}
      </div>
      {first && (
        <Legend kinds={kinds[0] ?? []} apart={apart} onToggle={toggle} told={first.told} colouring={colouring} />
      )}
      {first && chosen.size > 0 && (
        <Selection run={runs[0]!.id} images={[...chosen]} onClear={() => setChosen(new Set())} />
      )}
    </div>
  );
}

const NONE: ReadonlySet<number> = new Set();

/** A run's map once it is there; before, what it takes to have it. */
function OneMap({
  id,
  step,
  onLoad,
  children,
}: {
  id: string;
  /** That the run is at. */
  step: number;
  onLoad: (one: Loaded) => void;
  children: (one: Loaded) => preact.ComponentChild;
}) {
  const { data, error } = useApi<WorkState<MapTold>>(`/api/map/${id}`, [`map:${id}`]);
  const [one, setOne] = useState<Loaded | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  // Known before anything is asked for: where its images lie elsewhere, there is nothing to draw.
  const { data: sources } = useApi<{ data: DataTold[] }>("/api/data", ["data"]);
  const elsewhere = sources?.data.find(({ runs }) => runs.includes(id))?.problem ?? null;
  const done = data?.state === "done" ? data.result : null;
  useEffect(() => {
    if (!done) return;
    const control = new AbortController();
    fetch(`/api/map/${id}/points`, { signal: control.signal })
      .then((response) => response.arrayBuffer())
      .then((buffer) => {
        const made = { told: done, points: readPoints(buffer, done.count) };
        setOne(made);
        onLoad(made);
      })
      .catch((failure: unknown) => {
        if (!control.signal.aborted) setProblem(failure instanceof Error ? failure.message : String(failure));
      });
    return () => control.abort();
  }, [id, done?.images, done?.step, done?.count, done?.seconds]);
  const begin = () => {
    setProblem(null);
    post(`/api/map/${id}`, {}).catch((failure: unknown) =>
      setProblem(failure instanceof Error ? failure.message : String(failure)),
    );
  };
  if (one && data?.state === "done") {
    return (
      <div>
        {children(one)}
        {step > one.told.step && (
          <p class="soft small again">
            After step {one.told.step.toLocaleString("en-US")}; the run is at {step.toLocaleString("en-US")}.{" "}
            <button type="button" class="quiet" onClick={begin}>
              Draw it again
            </button>
          </p>
        )}
      </div>
    );
  }
  return (
    <div class="map-begin">
      <Problem text={elsewhere ?? error ?? problem ?? (data?.state === "failed" ? data.error : null)} />
      {data?.state === "working" ? (
        <Working words={data.words} share={data.share} onStop={() => void post(`/api/map/${id}/stop`, {})} />
      ) : data?.state === "done" ? (
        <Working words="Reading the map" share={null} />
      ) : (
        data &&
        elsewhere === null && (
          <>
            <button type="button" class="plain" onClick={begin}>
              Draw the map
            </button>
            {data.state === "idle" && <p class="soft small">{data.words}.</p>}
          </>
        )
      )}
    </div>
  );
}

interface LegendProps {
  kinds: readonly Kind[];
  apart: ReadonlySet<number>;
  onToggle: (value: number) => void;
  told: MapTold;
  colouring: Colouring;
}

function Legend({ kinds, apart, onToggle, told, colouring }: LegendProps) {
  return (
    <fieldset class="kinds">
      <legend class="heard">What colours mean: choose some to set them apart</legend>
      {kinds.map(({ value, name, points, colour }) => (
        <button type="button" key={value} aria-pressed={apart.has(value)} onClick={() => onToggle(value)} title={name}>
          <span class="dot" style={{ "--color": `var(${colour ?? "--untrained"})` }} />
          <bdi>{name}</bdi>
          <span class="soft">{points.toLocaleString("en-US")}</span>
        </button>
      ))}
      {colouring === "error" && told.wrong !== null && (
        <span class="soft small">
          Of {(100 * told.wrong).toFixed(1)} % their nearest neighbours, which know all other labels, name another
          class.
        </span>
      )}
    </fieldset>
  );
}
