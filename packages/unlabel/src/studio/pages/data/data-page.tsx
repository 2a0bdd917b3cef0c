// The images that runs were trained on: what is wrong with them, with the pictures concerned.
import { useState } from "preact/hooks";
import type { CheckedImage, CheckedTold, DataTold, WorkState } from "../../messages/atlas.ts";
import { useQuery } from "../app/address.ts";
import { post, useApi } from "../app/api.ts";
import { rowsOf, useRuns } from "../app/runs.ts";
import { Command } from "../parts/command.tsx";
import { Empty, Problem } from "../parts/empty.tsx";
import { ImageSheet } from "../parts/image-sheet.tsx";
import { isolated } from "../parts/isolated.ts";
import { Working } from "../parts/working.tsx";
import "./data.css";

export function DataPage() {
  const { data, error } = useApi<{ data: DataTold[] }>("/api/data", ["data"]);
  const [asked, setRoot] = useQuery("root");
  const all = data?.data ?? [];
  const chosen = all.find(({ root }) => root === asked) ?? all.find((one) => one.problem === null) ?? all[0];
  if (data && all.length === 0) {
    return (
      <Empty title="No images yet">
        <p>Images appear here as soon as a run is trained on them.</p>
      </Empty>
    );
  }
  return (
    <div class="data-page">
      <h1 class="heard">Data</h1>
      <Problem text={error} />
      {chosen && (
        <div class="bar">
          <label class="check root">
            Images
            <select class="field" value={chosen.root} onChange={({ currentTarget }) => setRoot(currentTarget.value)}>
              {all.map(({ root }) => (
                <option key={root} value={root}>
                  {isolated(root)}
                </option>
              ))}
            </select>
          </label>
          <Runs ids={chosen.runs} />
        </div>
      )}
      {chosen &&
        (chosen.problem === null ? (
          <Check key={chosen.root} root={chosen.root} />
        ) : (
          <Outside problem={chosen.problem} />
        ))}
    </div>
  );
}

function Runs({ ids }: { ids: readonly string[] }) {
  const { rows } = useRuns();
  const names = rowsOf(rows, ids).map(({ name }) => name);
  return (
    <span class="soft small">
      {names.length === 1 ? "Trained on by " : `Trained on by ${names.length} runs: `}
      {names.slice(0, 5).map(isolated).join(", ")}
      {names.length > 5 && " …"}
    </span>
  );
}

function Outside({ problem }: { problem: string }) {
  const [words, line] =
    problem.split(": ").length > 1
      ? [problem.slice(0, problem.lastIndexOf(": ")), problem.slice(problem.lastIndexOf(": ") + 2)]
      : [problem, null];
  return (
    <Empty title={problem.includes("got nothing there") ? "These images are gone" : "These images may not be read"}>
      <p>{words}.</p>
      {line?.includes("unlabel") && <Command line={line} />}
    </Empty>
  );
}

function Check({ root }: { root: string }) {
  const query = encodeURIComponent(root);
  const { data, error } = useApi<WorkState<CheckedTold>>(`/api/data/check?root=${query}`, [`check:${root}`]);
  const [problem, setProblem] = useState<string | null>(null);
  const begin = () => {
    setProblem(null);
    post("/api/data/check", { root }).catch((failure: unknown) =>
      setProblem(failure instanceof Error ? failure.message : String(failure)),
    );
  };
  if (data?.state === "done")
    return <Found told={data.result} root={root} onAgain={begin} problem={error ?? problem} />;
  return (
    <div class="check-begin">
      <Problem text={error ?? problem ?? (data?.state === "failed" ? data.error : null)} />
      {data?.state === "working" ? (
        <Working words={data.words} share={data.share} />
      ) : (
        data && (
          <>
            <button type="button" class="plain" onClick={begin}>
              Check these images
            </button>
            <p class="soft small">
              Reads every image once: what cannot be read, copies, images of val that train has too, and what looks odd.
            </p>
          </>
        )
      )}
    </div>
  );
}

interface FoundProps {
  told: CheckedTold;
  root: string;
  onAgain: () => void;
  /** Why they could not be checked again. */
  problem: string | null;
}

function Found({ told, root, onAgain, problem }: FoundProps) {
  const sheet = (some: readonly number[], edge: number) =>
    `/api/data/sheet?root=${encodeURIComponent(root)}&edge=${edge}&images=${some.join(",")}`;
  const across = told.copies.groups.filter(({ leak }) => leak);
  const within = told.copies.groups.filter(({ leak }) => !leak);
  const entries = Object.entries(told.formats);
  return (
    <div class="found">
      <section aria-labelledby="findings">
        <h2 id="findings">{told.findings.length === 0 ? "Nothing to mend" : `${told.findings.length} to mend`}</h2>
        <ul class="findings">
          {told.findings.map(({ text }) => (
            <li key={text} class="warn">
              {text}
            </li>
          ))}
          {told.notes.map((text) => (
            <li key={text} class="soft">
              {text}
            </li>
          ))}
        </ul>
        <button type="button" class="plain" onClick={onAgain}>
          Check again
        </button>
        <Problem text={problem} />
        <p class="soft small">
          {number(told.images.train)} in train, {number(told.images.val)} in val, {number(told.images.readable)}{" "}
          readable; {entries.map(([format, count]) => `${number(count)} ${format}`).join(", ")}
          {told.sizes &&
            `; from ${told.sizes.smallest.join(" × ")} to ${told.sizes.largest.join(" × ")} px, half from ${told.sizes.median.join(" × ")}`}
        </p>
      </section>
      <Pictures title="As people see them" images={told.contact} address={sheet} />
      <Copies title="In train and in val" groups={across} address={sheet} />
      <Copies title="Copies within a split" groups={within} address={sheet} />
      <Pictures
        title="Suspicious"
        images={told.suspicious.first}
        more={told.suspicious.all - told.suspicious.first.length}
        under={(image) => told.suspicious.first.find((one) => one.image === image)?.reasons.join(", ") ?? ""}
        address={sheet}
      />
      {told.unreadable.first.length > 0 && (
        <section>
          <h2>Cannot be read</h2>
          <Scroll label="Images that cannot be read">
            <table>
              <tbody>
                {told.unreadable.first.map(({ path, reason }) => (
                  <tr key={path}>
                    <th scope="row">
                      <bdi>{path}</bdi>
                    </th>
                    <td>{reason}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
          {told.unreadable.all > told.unreadable.first.length && (
            <p class="soft small">and {number(told.unreadable.all - told.unreadable.first.length)} more</p>
          )}
        </section>
      )}
      <Bands told={told} />
      {told.classes.length > 0 && <Classes told={told} />}
    </div>
  );
}

interface PicturesProps {
  title: string;
  images: readonly CheckedImage[];
  address: (images: readonly number[], edge: number) => string;
  under?: (image: number) => string;
  more?: number;
}

function Pictures({ title, images, address, under, more = 0 }: PicturesProps) {
  if (images.length === 0) return null;
  return (
    <section>
      <h2>{title}</h2>
      <ImageSheet
        label={title}
        address={address}
        images={images.map(({ image, path, class: label }) => ({
          image,
          what: path,
          under: under?.(image) ?? label ?? "",
        }))}
      />
      {more > 0 && <p class="soft small">and {number(more)} more</p>}
    </section>
  );
}

function Copies({
  title,
  groups,
  address,
}: {
  title: string;
  groups: CheckedTold["copies"]["groups"];
  address: PicturesProps["address"];
}) {
  if (groups.length === 0) return null;
  return (
    <section>
      <h2>{title}</h2>
      <div class="groups">
        {groups.map(({ images, kind, similarity, conflict, more }) => (
          <figure key={images.map(({ image }) => image).join()}>
            <ImageSheet
              label={`${title}: ${images.length} alike`}
              address={address}
              images={images.map(({ image, path, split, class: label }) => ({
                image,
                what: path,
                under: `${split}${label === null ? "" : ` ${label}`}`,
              }))}
            />
            <figcaption class="small soft">
              {kind === "exact" ? "the same bytes" : `alike ${similarity.toFixed(2)}`}
              {conflict && <b class="warn">, two classes</b>}
              {more > 0 && `, and ${more} more`}
            </figcaption>
          </figure>
        ))}
      </div>
    </section>
  );
}

function Bands({ told: { values, bands, depths } }: { told: CheckedTold }) {
  const mixed = [...(bands.length > 1 ? bands : []), ...(depths.length > 1 ? depths : [])];
  if (values === null && mixed.length === 0) return null;
  return (
    <section>
      <h2>Bands and values</h2>
      {mixed.length > 0 && <p>{mixed.map(({ what, images }) => `${number(images)} × ${what}`).join(", ")}</p>}
      {values && (
        <Scroll label="Values of each band">
          <table>
            <thead>
              <tr>
                {["Band", "Lowest", "0.1 %", "Median", "99.9 %", "Highest", "Black", "White"].map((name) => (
                  <th scope="col" key={name}>
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {values.map(({ band, lowest, low, median, high, highest, black, white }) => (
                <tr key={band}>
                  <th scope="row">{band}</th>
                  {[lowest, low, median, high, highest, black, white].map((value, i) => (
                    <td key={i}>{value === null ? "–" : Number(value.toPrecision(4)).toLocaleString("en-US")}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </section>
  );
}

function Classes({ told: { classes } }: { told: CheckedTold }) {
  const most = Math.max(1, ...classes.map(({ train }) => train));
  return (
    <section>
      <h2>Classes</h2>
      <Scroll label="Classes">
        <table class="classes">
          <thead>
            <tr>
              <th scope="col">Class</th>
              <th scope="col">Train</th>
              <th scope="col">Val</th>
              <th scope="col">
                <span class="heard">Share</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {[...classes]
              .sort((a, b) => b.train - a.train)
              .map(({ name, train, val }) => (
                <tr key={name}>
                  <th scope="row">
                    <bdi>{name}</bdi>
                  </th>
                  <td>{number(train)}</td>
                  <td>{number(val)}</td>
                  <td class="wide">
                    <span class="share" style={{ width: `${(100 * train) / most}%` }} />
                  </td>
                </tr>
              ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  );
}

function Scroll({ label, children }: { label: string; children: preact.ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section class="scroll" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}
