// Search by a picture: the nearest images by each of several runs, side by side. A picture is dropped, pasted or one of the run's own.
import { useEffect, useRef, useState } from "preact/hooks";
import type { SearchTold } from "../../messages/atlas.ts";
import { useListQuery, useQuery } from "../app/address.ts";
import { say } from "../app/announce.tsx";
import { post, postBytes, useApi } from "../app/api.ts";
import { useKeys } from "../app/keys.tsx";
import { rowsOf, useRuns } from "../app/runs.ts";
import { ChooseRun } from "../parts/choose-run.tsx";
import { DropPicture } from "../parts/drop-picture.tsx";
import { Problem } from "../parts/empty.tsx";
import { ImageSheet } from "../parts/image-sheet.tsx";
import { RunName } from "../parts/run-name.tsx";
import { RunPicker } from "../parts/run-picker.tsx";
import { Working } from "../parts/working.tsx";
import "./search.css";

const COUNTS = [12, 24, 48, 96] as const;
const MOST_RUNS = 6;

/** What is searched with. */
type Query = { picture: Blob; address: string } | { run: string; image: number };

export function SearchPage() {
  const { rows, looking } = useRuns();
  const [asked, setRuns] = useListQuery("runs");
  const [countText, setCount] = useQuery("k", "12");
  const [imageText, setImage] = useQuery("image");
  const [picture, setPicture] = useState<{ picture: Blob; address: string } | null>(null);
  const runs = rowsOf(rows, asked).slice(0, MOST_RUNS);
  const k = COUNTS.find((one) => String(one) === countText) ?? COUNTS[0];
  const [first] = runs;
  const query: Query | null =
    picture ?? (/^\d{1,9}$/.test(imageText) && first ? { run: first.id, image: Number(imageText) } : null);
  const take = (blob: Blob) => {
    setPicture((before) => {
      if (before) URL.revokeObjectURL(before.address);
      return { picture: blob, address: URL.createObjectURL(blob) };
    });
    setImage("");
    say("Searching");
  };
  useKeys("Search", {
    "+": ["more of them", () => setCount(String(COUNTS[Math.min(COUNTS.length - 1, COUNTS.indexOf(k) + 1)]))],
    "-": ["fewer", () => setCount(String(COUNTS[Math.max(0, COUNTS.indexOf(k) - 1)]))],
  });
  return (
    <div class="search-page">
      <h1 class="heard">Search</h1>
      <div class="bar">
        <RunPicker label="Choose a run …" chosen={runs.map(({ id }) => id)} most={MOST_RUNS} onChange={setRuns} />
        <label class="check">
          Images
          <select class="field" value={String(k)} onChange={({ currentTarget }) => setCount(currentTarget.value)}>
            {COUNTS.map((one) => (
              <option key={one} value={String(one)}>
                {one}
              </option>
            ))}
          </select>
        </label>
      </div>
      {runs.length === 0 ? (
        looking === false && (
          <ChooseRun
            words="Choose one run or several, then give a picture: each shows which images of those that it was trained on are nearest to it."
            onChoose={(id) => setRuns([id])}
          />
        )
      ) : (
        <>
          <div class="query">
            {query && (
              <figure>
                <img
                  src={"picture" in query ? query.address : `/api/images/${query.run}/picture/${query.image}`}
                  alt="What is searched with"
                />
                <figcaption class="soft small">
                  {"picture" in query ? "Your picture" : `Image ${query.image + 1}`}
                </figcaption>
              </figure>
            )}
            <DropPicture
              words={query ? "Another one: drop it here, or paste it." : "Drop a picture here, or paste one."}
              onPicture={take}
            />
          </div>
          {query && (
            <div class="answers">
              {runs.map((row, at) => (
                <Answer
                  key={row.id}
                  id={row.id}
                  name={row.name}
                  color={runs.length > 1 ? at : undefined}
                  query={query}
                  k={k}
                  onImage={(image) => {
                    setPicture(null);
                    setRuns([row.id, ...runs.map(({ id }) => id).filter((id) => id !== row.id)]);
                    setImage(String(image));
                  }}
                />
              ))}
            </div>
          )}
        </>
      )}
    </div>
  );
}

interface AnswerProps {
  id: string;
  name: string;
  color?: number | undefined;
  query: Query;
  k: number;
  onImage: (image: number) => void;
}

function Answer({ id, name, color, query, k, onImage }: AnswerProps) {
  const [found, setFound] = useState<SearchTold | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const { data: work } = useApi<{ words: string | null; share: number | null }>(isBusy ? `/api/work/${id}` : null, [
    `work:${id}`,
  ]);
  const name_ = useRef(name);
  name_.current = name;
  const key = "picture" in query ? query.address : `${query.run} ${query.image}`;
  useEffect(() => {
    const control = new AbortController();
    setBusy(true);
    setProblem(null);
    const asked: Promise<SearchTold> =
      "picture" in query
        ? postBytes<SearchTold>(`/api/search/${id}?k=${k}`, query.picture, control.signal)
        : query.run === id
          ? post<SearchTold>(`/api/search/${id}`, { image: query.image, k }, control.signal)
          : // Another run's image, which may have another number here: it is sent as a picture.
            fetch(`/api/images/${query.run}/picture/${query.image}`, { signal: control.signal })
              .then((response) => response.blob())
              .then((blob) => postBytes<SearchTold>(`/api/search/${id}?k=${k}`, blob, control.signal));
    asked
      .then((answer) => {
        if (control.signal.aborted) return;
        setFound(answer);
        say(`${name_.current}: ${answer.found.length} images found`);
      })
      .catch((error: unknown) => {
        if (control.signal.aborted) return;
        setFound(null);
        setProblem(error instanceof Error ? error.message : String(error));
      })
      .finally(() => {
        if (!control.signal.aborted) setBusy(false);
      });
    return () => control.abort();
  }, [id, key, k]);
  // An encoder that has hardly learnt puts all images together: what tells them apart is further behind the point.
  const digits = found?.found.every(({ similarity }) => similarity > 0.99) ? 4 : 2;
  return (
    <section class="answer" aria-label={`Nearest by ${name}`} aria-busy={isBusy}>
      <h2>
        <RunName name={name} href={`/run/${id}`} color={color} />
        {found && (
          <small class="soft">
            {" "}
            of {found.images.toLocaleString("en-US")} images, after step {found.step.toLocaleString("en-US")}
          </small>
        )}
      </h2>
      <Problem text={problem} />
      {isBusy && !found && <Working words={work?.words ?? "searching"} share={work?.share ?? null} />}
      {found && (
        <ImageSheet
          label={`Nearest by ${name}`}
          address={(some, edge) => `/api/images/${id}/sheet?edge=${edge}&images=${some.join(",")}`}
          images={found.found.map(({ image, path, class: label, similarity }) => ({
            image,
            what: `${path}, similarity ${similarity.toFixed(3)}`,
            under: `${similarity.toFixed(digits)}${label === null ? "" : ` ${label.split(",")[0]}`}`,
          }))}
          onImage={onImage}
        />
      )}
    </section>
  );
}
