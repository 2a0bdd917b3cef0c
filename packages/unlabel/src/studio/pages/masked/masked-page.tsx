// The masked playground: what is hidden is painted by hand, and the run says what it thinks was there.
import { useEffect, useRef, useState } from "preact/hooks";
import type { MaskedTold } from "../../messages/atlas.ts";
import { useListQuery, useQuery } from "../app/address.ts";
import { say } from "../app/announce.tsx";
import { post, useApi } from "../app/api.ts";
import { useKeys } from "../app/keys.tsx";
import { rowsOf, useRuns } from "../app/runs.ts";
import { ChooseRun } from "../parts/choose-run.tsx";
import { DropPicture } from "../parts/drop-picture.tsx";
import { Problem } from "../parts/empty.tsx";
import { RunPicker } from "../parts/run-picker.tsx";
import { Working } from "../parts/working.tsx";
import "./masked.css";

/** Milliseconds after the last stroke before the run is asked. */
const CALM_MS = 150;

export function MaskedPage() {
  const { rows, looking } = useRuns();
  const [asked, setRuns] = useListQuery("runs");
  const [imageText, setImage] = useQuery("image", "0");
  const [hiddenText, setHiddenText] = useQuery("hidden");
  const [picture, setPicture] = useState<string | null>(null);
  const [told, setTold] = useState<MaskedTold | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [run] = rowsOf(rows, asked);
  const id = run?.id ?? null;
  const { data: work } = useApi<{ words: string | null; share: number | null }>(
    isBusy && id ? `/api/work/${id}` : null,
    id ? [`work:${id}`] : [],
  );
  const hidden = told && hiddenText !== "" ? readHidden(hiddenText, told.grid) : null;
  useEffect(() => {
    if (id === null) return;
    const control = new AbortController();
    const timer = setTimeout(() => {
      setBusy(true);
      const image = picture === null ? Number(/^\d{1,9}$/.test(imageText) ? imageText : 0) : null;
      post<MaskedTold>(
        `/api/masked/${id}`,
        { image, picture, hidden: hiddenText === "" ? null : hiddenOf(hiddenText) },
        control.signal,
      )
        .then((answer) => {
          setTold(answer);
          setProblem(null);
        })
        .catch((error: unknown) => {
          if (!control.signal.aborted) setProblem(error instanceof Error ? error.message : String(error));
        })
        .finally(() => {
          if (!control.signal.aborted) setBusy(false);
        });
    }, CALM_MS);
    return () => {
      clearTimeout(timer);
      control.abort();
    };
  }, [id, picture, imageText, hiddenText]);
  useEffect(() => setTold(null), [id]);
  /** What was hidden is of a grid that another run need not have. */
  const chooseRun = (ids: string[]) => {
    if (ids[0] !== run?.id) setHiddenText("");
    setRuns(ids);
  };
  const set = (next: Uint8Array) => setHiddenText(writeHidden(next));
  const grid = told?.grid ?? 0;
  const now = hidden ?? (told ? guessed(told) : new Uint8Array(0));
  const random = () => {
    const order = Array.from({ length: grid * grid }, (_, i) => [Math.random(), i] as const).sort(([a], [b]) => a - b);
    const next = new Uint8Array(grid * grid);
    for (const [, at] of order.slice(0, Math.round(0.75 * order.length))) next[at] = 1;
    set(next);
    say("Three quarters are hidden, by chance");
  };
  const fill = (value: number) => {
    // One patch has to be seen, and one hidden.
    const next = new Uint8Array(grid * grid).fill(value);
    next[Math.floor(next.length / 2 + grid / 2)] = 1 - value;
    set(next);
  };
  const other = (by: number) => {
    setPicture(null);
    setImage(String(Math.max(0, Number(imageText) + by)));
  };
  useKeys("Masked", {
    r: ["hide three quarters by chance", random],
    h: ["hide all but one", () => fill(1)],
    e: ["show all but one", () => fill(0)],
    n: ["next image", () => other(1)],
    p: ["image before", () => other(-1)],
  });
  if (!run && looking === false) {
    return (
      <div>
        <h1 class="heard">Masked</h1>
        <RunPicker label="Choose a run …" chosen={[]} most={1} onChange={setRuns} may={isMasked} />
        <ChooseRun
          words="Choose a run of a method that predicts what is hidden, such as MAE. Then paint over a picture: what you hide, the run fills in."
          may={isMasked}
          command="npx unlabel pretrain IMAGES --method mae"
          onChoose={(one) => setRuns([one])}
        />
      </div>
    );
  }
  return (
    <div class="masked-page">
      <h1 class="heard">Masked</h1>
      <div class="bar">
        <RunPicker
          label="Choose a run …"
          chosen={run ? [run.id] : []}
          most={1}
          onChange={(ids) => chooseRun(ids.slice(-1))}
          may={isMasked}
        />
        <div class="tools-row">
          <button
            type="button"
            class="plain"
            onClick={() => other(-1)}
            disabled={picture === null && Number(imageText) <= 0}
          >
            Before <kbd>p</kbd>
          </button>
          <button type="button" class="plain" onClick={() => other(1)}>
            Next image <kbd>n</kbd>
          </button>
          <button type="button" class="plain" onClick={random} disabled={!told}>
            By chance <kbd>r</kbd>
          </button>
          <button type="button" class="plain" onClick={() => fill(1)} disabled={!told}>
            Hide <kbd>h</kbd>
          </button>
          <button type="button" class="plain" onClick={() => fill(0)} disabled={!told}>
            Show <kbd>e</kbd>
          </button>
        </div>
      </div>
      <Problem text={problem} />
      {!told && isBusy && <Working words={work?.words ?? "asking the run"} share={work?.share ?? null} />}
      {told && (
        <div class="pictures" aria-busy={isBusy}>
          <Canvas told={told} hidden={now} onPaint={set} />
          <figure>
            <img src={told.reconstructed} alt={`${told.hidden} hidden patches as the run fills them in`} />
            <figcaption>Filled in</figcaption>
          </figure>
          <figure>
            <img src={told.original} alt="Nothing hidden" />
            <figcaption>As it is</figcaption>
          </figure>
        </div>
      )}
      {told && (
        <p class="soft small">
          {told.hidden} of {told.grid ** 2} patches are hidden. {told.note}
        </p>
      )}
      <DropPicture
        words="Your own: drop a picture here, or paste one."
        onPicture={(blob) => {
          void base64(blob).then(setPicture, (error: unknown) => setProblem(String(error)));
        }}
      />
    </div>
  );
}

function isMasked({ method, step }: { method: string; step: number }): boolean {
  return step > 0 && MASKED.has(method);
}
/** Methods that predict pixels of hidden patches. A run of another one says so. */
const MASKED = new Set(["mae", "simmim"]);

interface CanvasProps {
  told: MaskedTold;
  hidden: Uint8Array;
  onPaint: (hidden: Uint8Array) => void;
}

/** The picture with its patches, to be painted on: a stroke hides or shows as its first patch does. */
function Canvas({ told, hidden, onPaint }: CanvasProps) {
  const { grid } = told;
  const [at, setAt] = useState(Math.floor((grid * grid + grid) / 2));
  const [hasFocus, setFocus] = useState(false);
  const stroke = useRef<{ value: number; next: Uint8Array } | null>(null);
  const own = useRef<HTMLCanvasElement>(null);
  const [, again] = useState(0);
  const shown = stroke.current?.next ?? hidden;
  useEffect(() => {
    const canvas = own.current;
    const context = canvas?.getContext("2d");
    if (!canvas || !context) return;
    const image = new Image();
    const draw = () => {
      const edge = canvas.width / grid;
      context.imageSmoothingQuality = "high";
      context.drawImage(image, 0, 0, canvas.width, canvas.height);
      for (let i = 0; i < grid * grid; i++) {
        const [left, top] = [(i % grid) * edge, Math.floor(i / grid) * edge];
        if (shown[i] === 1) {
          context.fillStyle = "#7d7f85";
          context.fillRect(left, top, edge, edge);
        }
        context.strokeStyle = "rgb(255 255 255 / 25%)";
        context.lineWidth = 1;
        context.strokeRect(left + 0.5, top + 0.5, edge - 1, edge - 1);
      }
      if (!hasFocus) return;
      // Where arrow keys are, on any picture: dark in light.
      const [left, top] = [(at % grid) * edge, Math.floor(at / grid) * edge];
      for (const [colour, wide] of [
        ["#fff", 5],
        ["#0b62a4", 2.5],
      ] as const) {
        context.strokeStyle = colour;
        context.lineWidth = wide;
        context.strokeRect(left + 2.5, top + 2.5, edge - 5, edge - 5);
      }
    };
    image.addEventListener("load", draw);
    image.src = told.original;
    return () => image.removeEventListener("load", draw);
  });
  const patchAt = (event: PointerEvent) => {
    const box = own.current!.getBoundingClientRect();
    const place = (value: number, size: number) => Math.min(grid - 1, Math.max(0, Math.floor((value / size) * grid)));
    return place(event.clientY - box.top, box.height) * grid + place(event.clientX - box.left, box.width);
  };
  const paint = (patch: number) => {
    if (!stroke.current) return;
    stroke.current.next[patch] = stroke.current.value;
    again((count) => count + 1);
  };
  const end = () => {
    const made = stroke.current?.next;
    stroke.current = null;
    if (made && isUseful(made)) onPaint(made);
    else again((count) => count + 1);
  };
  const flip = (patch: number) => {
    const next = hidden.slice();
    next[patch] = 1 - next[patch]!;
    if (isUseful(next)) {
      onPaint(next);
      say(next[patch] === 1 ? "hidden" : "seen");
    } else say("One patch has to be seen, and one hidden");
  };
  const key = (event: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: grid, ArrowUp: -grid }[event.key];
    if (by !== undefined) {
      const next = at + by;
      const isAway =
        next < 0 || next >= grid * grid || (Math.abs(by) === 1 && Math.floor(next / grid) !== Math.floor(at / grid));
      if (!isAway) {
        setAt(next);
        say(
          `row ${Math.floor(next / grid) + 1}, column ${(next % grid) + 1}: ${hidden[next] === 1 ? "hidden" : "seen"}`,
        );
      }
    } else if (event.key === " " || event.key === "Enter") flip(at);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <figure>
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: keys of its own, as of a grid of patches */}
      <canvas
        ref={own}
        width={448}
        height={448}
        tabIndex={0}
        role="application"
        aria-label="Paint what is hidden: arrow keys go from patch to patch, space hides it or shows it"
        onPointerDown={(event) => {
          const patch = patchAt(event);
          own.current!.setPointerCapture(event.pointerId);
          stroke.current = { value: 1 - hidden[patch]!, next: hidden.slice() };
          setAt(patch);
          paint(patch);
        }}
        onPointerMove={(event) => paint(patchAt(event))}
        onPointerUp={end}
        onPointerCancel={end}
        onKeyDown={key}
        onFocus={() => setFocus(true)}
        onBlur={() => setFocus(false)}
      />
      <figcaption>Paint on it: hidden patches are gray</figcaption>
    </figure>
  );
}

function isUseful(hidden: Uint8Array): boolean {
  return hidden.includes(0) && hidden.includes(1);
}

/** Hidden patches as text for the address: hexadecimal, four patches a digit. */
function writeHidden(hidden: Uint8Array): string {
  let text = "";
  for (let at = 0; at < hidden.length; at += 4) {
    let digit = 0;
    for (let k = 0; k < 4; k++) digit = 2 * digit + (hidden[at + k] ?? 0);
    text += digit.toString(16);
  }
  return text;
}

function hiddenOf(text: string): number[] {
  return [...text].flatMap((digit, at) => {
    const value = Number.parseInt(digit, 16) || 0;
    return [0, 1, 2, 3].flatMap((k) => ((value >> (3 - k)) & 1 ? [4 * at + k] : []));
  });
}

function readHidden(text: string, grid: number): Uint8Array {
  const out = new Uint8Array(grid * grid);
  for (const at of hiddenOf(text)) if (at < out.length) out[at] = 1;
  return out;
}

/** What the server hid by itself. */
function guessed(told: MaskedTold): Uint8Array {
  const out = new Uint8Array(told.grid ** 2);
  for (const at of told.which) out[at] = 1;
  return out;
}

function base64(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(String(reader.result).replace(/^[^,]*,/, "")));
    reader.addEventListener("error", () => reject(new Error("The picture cannot be read")));
    reader.readAsDataURL(blob);
  });
}
