// Labelling by hand, one key an image, and what the labels say of the runs: `unlabel label` as a page of the studio.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { DataTold, LabelTold } from "../../messages/atlas.ts";
import { useListQuery, useQuery } from "../app/address.ts";
import { say } from "../app/announce.tsx";
import { post, useApi } from "../app/api.ts";
import { useKeys } from "../app/keys.tsx";
import { rowsOf, useRuns } from "../app/runs.ts";
import { Command } from "../parts/command.tsx";
import { Problem } from "../parts/empty.tsx";
import { RunPicker } from "../parts/run-picker.tsx";
import { Working } from "../parts/working.tsx";
import "./label.css";

const LOST =
  "The session had ended, in another window or after a quarter of an hour, and is open again. Your last answer was not taken: give it once more.";
const BEHIND =
  "Your answer was not taken: this session has gone on in another window. Here it is as it stands now; go on from here.";

export function LabelPage() {
  const [runs, setRuns] = useListQuery("runs");
  const [name, setName] = useQuery("file", "labels.csv");
  const [isBegun, setBegun] = useQuery("session");
  const { rows } = useRuns();
  const { data } = useApi<{ data: DataTold[] }>("/api/data", ["data"]);
  const [told, setTold] = useState<LabelTold | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  /** What a session that was lost and is open again should say first. */
  const [note, setNote] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const { data: work } = useApi<{ words: string | null; share: number | null }>(isBusy ? "/api/label/opening" : null, [
    "label",
  ]);
  const chosen = rowsOf(rows, runs);
  const source = data?.data.find((one) => chosen[0] && one.runs.includes(chosen[0].id)) ?? null;
  const begin = async () => {
    if (!source) return;
    setBusy(true);
    setProblem(null);
    try {
      setTold(await post<LabelTold>("/api/label/open", { root: source.root, runs: chosen.map(({ id }) => id), name }));
      setBegun("on");
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  const isReady = source !== null && chosen.length > 0;
  // A reload goes on where it was.
  useEffect(() => {
    if (isBegun === "on" && !told && isReady && !isBusy && problem === null) void begin();
  }, [isBegun, isReady]);
  if (told)
    return (
      <Session
        told={told}
        onTold={setTold}
        onEnd={() => {
          void post("/api/label/close", { id: told.id }).catch(() => {});
          setTold(null);
          setNote(null);
          setBegun("");
        }}
        onLost={() => {
          setTold(null);
          setNote(LOST);
          void begin();
        }}
        note={note}
        runs={chosen.map(({ dir }) => dir)}
      />
    );
  const isWaiting = chosen.length === 0 || (data !== null && source === null);
  const isName = /^[\w][\w. -]{0,100}\.csv$/.test(name);
  return (
    <div class="label-begin">
      <h1>Label by hand</h1>
      <p>
        One key an image. Half of the images come by chance and count: they tell, at every look, which run is better on
        your images, and when that is settled. Every answer is kept before the next image is shown.
      </p>
      <RunPicker label="Choose a run …" chosen={chosen.map(({ id }) => id)} most={6} onChange={setRuns} />
      {source && source.problem === null && (
        <p class="soft small">
          Images: <bdi>{source.root}</bdi>
        </p>
      )}
      {source && source.problem !== null && <Problem text={source.problem} />}
      <label class="file">
        Labels are kept in
        <input
          class="field"
          value={name}
          spellcheck={false}
          onInput={({ currentTarget }) => setName(currentTarget.value)}
          aria-invalid={!isName}
        />
      </label>
      {isWaiting && (
        <p class="soft small">
          {chosen.length === 0
            ? "First choose the runs to compare."
            : "The images of this run are not known; choose another."}
        </p>
      )}
      {!isName && <p class="warn small">A file's name that ends in .csv: letters, digits, spaces, dots and dashes.</p>}
      <Problem text={problem} />
      {isBusy ? (
        <Working words={work?.words ?? "opening images"} share={work?.share ?? null} />
      ) : (
        <button
          type="button"
          class="plain"
          disabled={!isReady || !isName || source.problem !== null}
          onClick={() => void begin()}
        >
          Begin, or go on
        </button>
      )}
    </div>
  );
}

interface SessionProps {
  told: LabelTold;
  onTold: (told: LabelTold) => void;
  onEnd: () => void;
  onLost: () => void;
  /** Shown until an answer is taken. */
  note: string | null;
  runs: readonly string[];
}

function Session({ told, onTold, onEnd, onLost, note, runs }: SessionProps) {
  const [shown, setShown] = useState(-1);
  const [isNaming, setNaming] = useState(told.classes.length === 0);
  const [problem, setProblem] = useState<string | null>(note);
  const [isBroken, setBroken] = useState(false);
  const isBusy = useRef(false);
  const ahead = useRef<HTMLImageElement[]>([]);
  const field = useRef<HTMLInputElement>(null);
  const { current } = told;
  const address = (image: number) => `/api/label/picture/${told.id}/${image}`;
  useEffect(() => {
    ahead.current = told.upcoming.map((image) => {
      const next = new Image();
      next.src = address(image);
      return next;
    });
  }, [told.at, told.id]);
  useEffect(() => {
    setBroken(false);
    if (!current) setShown(told.at);
  }, [told.at, told.id]);
  // Before anything is painted: whoever types on after `n` loses no letter.
  useLayoutEffect(() => {
    if (isNaming) field.current?.focus();
  }, [isNaming, shown]);
  // An answer is taken only once its image can be seen.
  const act = async (image: number | null, label: string | null, words: string): Promise<boolean> => {
    if (isBusy.current || (image !== null && shown !== told.at)) return false;
    isBusy.current = true;
    try {
      const next = await post<LabelTold>("/api/label/act", { id: told.id, at: told.at, image, label });
      setProblem(next.taken ? null : BEHIND);
      onTold(next);
      if (!next.taken) return false;
      say(`${words}. ${next.current ? `Image ${next.at + 1}` : "All images are labelled"}. ${next.verdict}`);
      return true;
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      // Its process has given its memory back: the file brings the session back.
      if (words.startsWith("Expected the session that is open")) onLost();
      else setProblem(words);
      return false;
    } finally {
      isBusy.current = false;
    }
  };
  const answer = async (label: string | null) =>
    current !== null && (await act(current.image, label, label ?? "Skipped"));
  const undo = () => told.at > 0 && void act(null, null, "Taken back");
  // A key that is held down is one answer, not one for each image that follows.
  const once = (does: () => unknown) => (event: KeyboardEvent) => void (event.repeat || does());
  useKeys("Label", {
    ...Object.fromEntries(
      told.classes.flatMap(({ name, key }) => (key === null ? [] : [[key, [name, once(() => answer(name))] as const]])),
    ),
    n: ["a new class", once(() => setNaming(true))],
    s: ["skip this image", once(() => answer(null))],
    u: ["take the last answer back", once(undo)],
    Backspace: ["", once(undo)],
  });
  return (
    <div class="label-session" data-shown={shown >= 0 && shown === told.at ? told.at : undefined}>
      <h1 class="heard">Label</h1>
      <div class="label-head">
        <progress max={told.images} value={told.at} aria-label="Labelled" />
        <span class="soft small">
          {told.counts}; kept in <bdi>{told.file}</bdi>
        </span>
        <button type="button" class="quiet" onClick={onEnd}>
          Leave
        </button>
      </div>
      <Problem text={problem} />
      <div class="label-main">
        <figure>
          <div class="stage">
            {current && !isBroken ? (
              <img
                key={current.image}
                src={address(current.image)}
                alt={`To be labelled: number ${told.at + 1}`}
                onLoad={() => setShown(told.at)}
                onError={() => {
                  setBroken(true);
                  setShown(told.at);
                }}
              />
            ) : (
              <p>{current ? "It cannot be shown; skip it." : "All images are labelled."}</p>
            )}
          </div>
          <figcaption class="soft small">
            <bdi>{current?.name ?? ""}</bdi>
          </figcaption>
        </figure>
        <div class="label-side">
          <ol class="label-classes" aria-label="Classes">
            {told.classes.map(({ name, key, images }) => (
              <li key={name}>
                <button type="button" disabled={!current} title={name} onClick={() => void answer(name)}>
                  <kbd>{key ?? " "}</kbd>
                  <bdi>{name}</bdi>
                  <span class="soft">{images}</span>
                </button>
              </li>
            ))}
          </ol>
          {isNaming ? (
            <form
              onSubmit={(event) => {
                event.preventDefault();
                const name = field.current?.value.trim() ?? "";
                if (name === "") return;
                // What was typed stays until it is taken.
                void answer(name).then((isTaken) => isTaken && setNaming(false));
              }}
            >
              <label>
                <span class="small soft">Name of the class that this image shows</span>
                <input
                  ref={field}
                  class="field"
                  maxLength={80}
                  autocomplete="off"
                  spellcheck={false}
                  onKeyDown={(event) => {
                    if (event.key !== "Escape") return;
                    event.stopPropagation();
                    setNaming(false);
                  }}
                />
              </label>
              <button type="submit" class="plain">
                Add
              </button>
            </form>
          ) : (
            <button type="button" class="plain" disabled={!current} onClick={() => setNaming(true)}>
              New class <kbd>n</kbd>
            </button>
          )}
          <div class="label-actions">
            <button type="button" class="plain" disabled={told.at === 0} onClick={undo}>
              Undo <kbd>u</kbd>
            </button>
            <button type="button" class="plain" disabled={!current} onClick={() => void answer(null)}>
              Skip <kbd>s</kbd>
            </button>
          </div>
          <section
            aria-label={told.runs > 1 ? "Which run is better on these images" : "How well the run does"}
            class="standing"
          >
            <p class={told.settled ? "verdict settled" : "verdict"}>{told.verdict}</p>
            {told.rows.map((row) => (
              <Bar
                key={`${row.left} ${row.right}`}
                {...row}
                widest={Math.max(...told.rows.flatMap(({ low, high }) => [Math.abs(low), Math.abs(high)]))}
              />
            ))}
            <p class="soft small">{told.detail}</p>
          </section>
          {told.at > 0 && runs[0] !== undefined && (
            <Command
              what="Evaluate with these labels"
              line={`npx unlabel evaluate ${word(runs[0])} --data ${word(told.title)} --labels ${word(told.file)}`}
            />
          )}
        </div>
      </div>
    </div>
  );
}

function Bar({ left, right, mean, low, high, words, widest }: LabelTold["rows"][number] & { widest: number }) {
  const domain = [0.1, 0.2, 0.5, 1].find((one) => widest <= one) ?? 1;
  const at = (value: number) => `${50 + (50 * value) / domain}%`;
  return (
    <div class={`race ${low > 0 || high < 0 ? "settled" : ""}`}>
      <p class="small">
        <bdi>← {left}</bdi>
        <bdi>{right} →</bdi>
      </p>
      <div class="track" role="img" aria-label={words}>
        <span class="bar-part" style={{ left: at(low), right: `${50 - (50 * high) / domain}%` }} />
        <span class="middle" />
        <span class="mean" style={{ left: at(mean) }} />
      </div>
      <p class="small soft axis" aria-hidden="true">
        <span>−{100 * domain}</span>
        <span>0</span>
        <span>+{100 * domain} points</span>
      </p>
    </div>
  );
}

/** A word as a shell takes it. */
function word(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
