// The values of each band as a table: all images, then class by class, with a bar from the 0.1st to the 99.9th percentile.
import { count, plural, significant } from "../page/format.ts";
import { type Html, html } from "../page/html.ts";
import type { CheckResult } from "./result.ts";
import { type BandValues, CLASSES } from "./values.ts";

/** Rows of it; --json has all. */
const ROWS = 400;

/** The section; null for photographs. */
export function valueTables({ values, input, classes }: CheckResult): Html | null {
  const [all, ...each] = values ?? [];
  if (!all) return null;
  const shown = Math.max(1, Math.floor(ROWS / (each.length + 1)));
  const some = all.bands.slice(0, shown);
  const isByClass = each.length > 0;
  const bodies = some.map((band, k) => {
    if (!isByClass) return row(`band ${band.band}`, all.images, band, band);
    const rows = [all, ...each].map((one) => row(one.class ?? "all images", one.images, one.bands[k]!, band));
    return html`<tbody><tr><th scope="rowgroup" colspan="8">Band ${band.band} <span class="quiet">${becomes(input.range?.[k])}</span></th></tr>${rows}</tbody>`;
  });
  return html`<p>As the files have them, of ${plural(all.images, "training image")}${isByClass && ", and of some of each class"}. The bar goes from the 0.1st to the 99.9th percentile, with a mark at the median.${isByClass && " A class whose values lie elsewhere than the others’ is easily told by that alone."}</p>
${shown < all.bands.length && html`<p class="note">The first ${count(shown)} of ${count(all.bands.length)} bands; --json has all.</p>`}${each.length >= CLASSES && classes.length > CLASSES && html`<p class="note">The ${CLASSES} largest of ${count(classes.length)} classes.</p>`}
<div class="scroll"><table class="values"><thead><tr><th>${isByClass ? "Class" : "Band"}</th><th class="n">Images</th><th class="n">Lowest</th><th class="n">0.1&nbsp;%</th><th class="n">Median</th><th class="n">99.9&nbsp;%</th><th class="n">Highest</th><th></th></tr></thead>
${isByClass ? bodies : html`<tbody>${bodies}</tbody>`}</table></div>`;
}

function becomes(range: readonly [number, number] | undefined): string {
  return range ? `${number(range[0])} … ${number(range[1])} become 0 … 1` : "all that the type holds becomes 0 … 1";
}

function row(name: string, images: number, values: BandValues, all: BandValues): Html {
  const { lowest, p0_1, median, p99_9, highest } = values;
  return html`<tr><th scope="row">${name}</th><td class="n">${count(images)}</td>${[lowest, p0_1, median, p99_9, highest].map((value) => html`<td class="n">${number(value)}</td>`)}<td class="wide">${span(values, all)}</td></tr>`;
}

/** On the scale of all images' percentiles, and a little beyond. */
function span({ p0_1, median, p99_9 }: BandValues, all: BandValues): Html | null {
  if (p0_1 === null || median === null || p99_9 === null || all.p0_1 === null || all.p99_9 === null) return null;
  const [low, high] = [all.p0_1, all.p99_9];
  const room = 0.1 * (high - low) || 1;
  const at = (value: number) => Math.min(100, Math.max(0, (100 * (value - low + room)) / (high - low + 2 * room)));
  const percent = (value: number) => value.toFixed(1);
  return html`<span class="span"><span class="bar" style="left: ${percent(at(p0_1))}%; width: ${percent(at(p99_9) - at(p0_1))}%"></span><span class="tick" style="left: ${percent(at(median))}%"></span></span>`;
}

function number(value: number | null): string {
  return significant(value, 4);
}
