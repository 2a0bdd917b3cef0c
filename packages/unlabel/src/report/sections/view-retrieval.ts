// View retrieval by kind of change, drawn: how often an image is found again by another view of it, of each run beside its baselines.
import { type Bar, scoreBars } from "../../page/charts/score-bars.ts";
import { shorten } from "../../page/format.ts";
import { type Html, html } from "../../page/html.ts";
import { colorOf, describe } from "../../page/label.ts";
import { CHANGES } from "../../run/indicators.ts";
import type { RunData } from "../data.ts";

type Looked = { run: RunData; found: NonNullable<RunData["indicators"]> };

const KINDS = [
  ["trained", "trained"],
  ["untrained", "initial"],
  ["pixels", "raw pixels"],
] as const;

/** A chart for each change; null where nothing is told of any. */
export function viewRetrieval(looked: readonly Looked[]): Html | null {
  const charts = CHANGES.flatMap((change) => {
    const groups = looked.flatMap(({ run, found }) => {
      const bars = KINDS.flatMap(([kind, label]): Bar[] => {
        const { value, interval } = found[kind]?.[`found_${change}`] ?? {};
        if (value == null) return [];
        return [{ label, kind, value, ...(kind === "trained" && interval && { interval }) }];
      });
      const name = `${shorten(run.name, 24)} (${describe(run)})`;
      return bars.length > 0 ? [{ name, color: colorOf(run.group), bars }] : [];
    });
    return groups.length > 0 ? [{ change, groups }] : [];
  });
  if (charts.length === 0) return null;
  const chances = new Set(looked.flatMap(({ found }) => found.chance.found_crop ?? []));
  const [chance = null] = chances;
  return html`<h3>Found again, by what was changed</h3>
    <p>Towards 100\u00a0% an encoder ignores the change; towards chance it goes by what was changed. Neither is better by itself: where colour tells your images apart, ignoring it loses them.</p>
    <div class="pair">${charts.map(
      ({ change, groups }) =>
        html`<figure><figcaption><b>${change}: images found again,\u00a0%</b>, with its 95\u00a0% interval</figcaption>${scoreBars(
          `Images found again after a change of ${change}, by each run and its baselines`,
          groups,
          chances.size === 1 ? chance : null,
          1,
        )}</figure>`,
    )}</div>`;
}
