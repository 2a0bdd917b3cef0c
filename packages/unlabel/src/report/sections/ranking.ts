// Three methods and more in one order, with who cannot be told from whom, and what each cost.
import { rankingChart } from "../../page/charts/ranking.ts";
import { type ScatterMark, scatter } from "../../page/charts/scatter.ts";
import { duration, megabytes, percent, points, significant } from "../../page/format.ts";
import { type Html, html } from "../../page/html.ts";
import { colorOf, describe, label, scroll } from "../../page/label.ts";
import type { ReportData } from "../data.ts";
import { PROTOCOL_NAMES } from "./scores.ts";

export function ranking({ ranking: found, groups, halving, methods_asked: asked }: ReportData): Html | null {
  const chosen = asked && html`<p>Methods were asked for as <code>--methods ${asked.word}</code>: ${asked.why}.</p>`;
  if (!found) return chosen || halving.length > 0 ? html`${chosen}${gaveUp(halving)}` : null;
  const { places, protocol } = found;
  const group = (at: number) => groups[at]!;
  const first = new Set([1, ...places[0]!.like]);
  const marks = places.map(({ group: at, top1, interval }, i) => ({
    ...{ name: group(at).name, color: colorOf(at), value: top1, interval, first: first.has(i + 1) },
  }));
  const costs = (of: "seconds" | "peak_mb", per: number): ScatterMark[] =>
    places.flatMap(({ group: at, top1 }, i) => {
      const value = group(at)[of];
      return value === null
        ? []
        : [{ place: i + 1, name: group(at).name, color: colorOf(at), x: value / per, y: top1 }];
    });
  const [time, memory] = [costs("seconds", 60), costs("peak_mb", 1000)];
  const name = PROTOCOL_NAMES[protocol];
  const seeds = groups.some(({ runs }) => runs.length > 1);
  return html`${chosen}${gaveUp(halving)}
    <p>${name} on test images, the best first. Bars are 95\u00a0% intervals${seeds && ", of several seeds the mean less and plus their standard deviation"}; filled: the first, and those that cannot be told from it.</p>
    <figure class="broad" tabindex="0">${rankingChart(`${name}, top-1 of each method, the best first`, marks)}</figure>
    <div class="pair">
      ${time.length > 1 && html`<figure><figcaption><b>Top-1,\u00a0%, against minutes of training</b></figcaption>${scatter("Top-1 against minutes of training", "minutes", time)}</figure>`}
      ${memory.length > 1 && html`<figure><figcaption><b>Top-1,\u00a0%, against peak memory</b></figcaption>${scatter("Top-1 against peak memory", "GB", memory)}</figure>`}
    </div>
    ${scroll(
      "Ranking",
      html`<table>
      <thead><tr><th class="n">Place</th><th>Method</th><th class="n">Top-1</th><th class="n">Behind the first</th><th>Cannot be told from</th><th class="n">Time</th><th class="n">Memory</th></tr></thead>
      <tbody>${places.map(({ group: at, top1, interval, behind, like }, i) => {
        const { seconds, peak_mb } = group(at);
        return html`<tr><td class="n">${i + 1}</td><th scope="row">${label(group(at), at)}<small>${describe(group(at))}</small></th>
          <td class="n"><b>${percent(top1)}</b><small>${percent(interval[0])} to ${percent(interval[1])}</small></td>
          <td class="n">${behind && html`${points(places[0]!.top1 - top1)}<small>${points(behind[0])} to ${points(behind[1])}</small>`}</td>
          <td>${like.length === 0 ? "–" : spans(like)}</td><td class="n">${duration(seconds)}</td><td class="n">${megabytes(peak_mb)}</td></tr>`;
      })}</tbody></table>`,
    )}
    <p class="note">Behind: points of top-1, with the 95\u00a0% interval of the difference, paired over the test images where both were scored on the same ones. Cannot be told from: places whose difference from this one has zero in its interval. With so many comparisons, of pairs that are in truth alike about one in twenty is told apart by chance.</p>`;
}

/** What was given up on the way, and by what. */
function gaveUp(rungs: ReportData["halving"]): Html | null {
  if (rungs.length === 0) return null;
  return html`${rungs.map(({ share, by, images, kept, stopped }) => {
    const what =
      by === "knn"
        ? `kNN among ${images} training images`
        : `the effective rank of ${images} training images, which is no score`;
    const gone =
      stopped.length === 0
        ? "none was given up"
        : `${stopped.join(", ")} ${stopped.length === 1 ? "was" : "were"} given up`;
    return html`<p>After ${significant(100 * share)}\u00a0% of their steps all of ${[...kept, ...stopped].join(", ")} were looked at, by ${what}: ${gone}. Test images had no part in it, and what is slow to begin has a disadvantage.</p>`;
  })}`;
}

/** 2, 3, 4, 7 → "2–4, 7". */
function spans(places: readonly number[]): string {
  const found: [number, number][] = [];
  for (const place of places) {
    const last = found.at(-1);
    if (last && place === last[1] + 1) last[1] = place;
    else found.push([place, place]);
  }
  return found.map(([from, to]) => (from === to ? String(from) : `${from}–${to}`)).join(", ");
}
