// A run's pictures through its training: the same images step by step, their places in colours, what the method made of their hidden parts,
// and what lay nearest to them.

import { percent } from "../../../page/numbers.ts";
import type { MomentTold, OverTimeTold } from "../../messages/over-time.ts";
import { useQuery } from "../app/address.ts";
import { useApi } from "../app/api.ts";
import { Choice } from "../parts/choice.tsx";
import { Problem } from "../parts/empty.tsx";
import { Sprite } from "../parts/sprite.tsx";
import "./over-time.css";

const VIEWS = { features: "Features", reconstructed: "Reconstructions", near: "Nearest" } as const;
type View = keyof typeof VIEWS;

/** The section of a run's page. @param whole seconds of training, at its pace, to its end */
export function OverTime({ id, whole }: { id: string; whole: number | null }) {
  const { data, error } = useApi<OverTimeTold>(`/api/over-time/${id}`, [`run:${id}`]);
  const [asked, ask] = useQuery("pictures", "features");
  const moments = data?.moments ?? [];
  if (error !== null) return <Problem text={error} />;
  const last = moments.at(-1);
  if (!last) {
    return data === null ? null : (
      <p class="soft">
        None: a run draws them before its first step and at about 1, 3, 10, 30 and 100 % of the way, where half a
        percent of its time is enough for that.
      </p>
    );
  }
  const has = (view: View) =>
    moments.some(({ images }) =>
      images.some((image) => (view === "near" ? image.near.length > 0 : image[view] !== null)),
    );
  const views = (Object.keys(VIEWS) as View[]).filter(has);
  const view = views.find((one) => one === asked) ?? views[0];
  if (view === undefined) return <p class="soft">These pictures hold no more than the images.</p>;
  return (
    <div class="over-time">
      <div class="over-time-head">
        {views.length > 1 && (
          <Choice
            label="Pictures"
            value={view}
            options={views.map((one) => [one, VIEWS[one]] as const)}
            onChange={(one) => ask(one)}
          />
        )}
        <p class="soft small">
          {words(view, last)} {costOf(moments, whole)}
        </p>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <section class="scroll" aria-label="Pictures over time, step by step" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Image</th>
              {moments.map((moment) => (
                <th scope="col" key={moment.step}>
                  {moment.step === 0 ? "start" : `step ${moment.step.toLocaleString("en-US")}`}
                  <small class="soft">
                    {" "}
                    {Math.round((100 * Math.min(moment.step, moment.total)) / moment.total)} %
                  </small>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {last.images.map(({ name, tile }) => (
              <tr key={name}>
                <th scope="row">
                  <Sprite src={sheetOf(id, last)} at={tile} columns={last.columns} what={name} size="large" />
                </th>
                {moments.map((moment) => (
                  <td key={moment.step}>
                    <Cell id={id} moment={moment} name={name} view={view} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </div>
  );
}

function Cell({ id, moment, name, view }: { id: string; moment: MomentTold; name: string; view: View }) {
  const image = moment.images.find((one) => one.name === name);
  if (!image) return null;
  const src = sheetOf(id, moment);
  const { columns, step } = moment;
  if (view !== "near") {
    const at = image[view];
    const what = `${view === "features" ? "Features" : "Reconstruction"} of ${name} after step ${step}`;
    return at === null ? null : <Sprite src={src} at={at} columns={columns} what={what} size="large" />;
  }
  return (
    <span class="near">
      {image.near.map(({ tile, similarity, right }, i) => {
        const kind = right === null ? "" : right ? "right" : "wrong";
        const what = `Similarity ${similarity.toFixed(2)}${right === null ? "" : right ? ", the same class" : ", another class"}`;
        return (
          <span class={kind} key={i}>
            <Sprite src={src} at={tile} columns={columns} what={what} size="tiny" />
          </span>
        );
      })}
    </span>
  );
}

function sheetOf(id: string, { file, step }: MomentTold): string {
  return `/api/run/${id}/file/pictures/${encodeURIComponent(file)}?step=${step}`;
}

/** What they took of the training, where the run has kept that. */
function costOf(moments: readonly MomentTold[], whole: number | null): string {
  const all = moments.map(({ seconds }) => seconds);
  if (whole === null || whole <= 0 || all.includes(undefined)) return "";
  const took = all.reduce<number>((sum, one) => sum + (one ?? 0), 0);
  return `All of them took ${percent(took / whole, 2)} of its time.`;
}

function words(view: View, { among }: MomentTold): string {
  if (view === "features")
    return "Features of an image's places by their first three principal components: places of one colour are alike to the encoder.";
  if (view === "reconstructed") return "Patches that were shown, and what the method made of those that were not.";
  return `The most similar of ${among} images, nearest first. A whole frame: of the same class; a broken one: of another.`;
}
