// What each run cost.

import { count, duration, megabytes, millions, significant } from "../../page/format.ts";
import { type Html, html } from "../../page/html.ts";
import { proseList, runLabel } from "../../page/label.ts";
import type { ReportData } from "../data.ts";

export function cost({ runs: all, costs }: ReportData): Html | null {
  const runs = all.filter(({ shelf }) => shelf === null);
  if (runs.length === 0) return null;
  return html`${proseList(costs)}
    <div class="scroll" tabindex="0" role="region" aria-label="Cost of runs"><table>
      <thead><tr><th>Run</th><th class="n">Time</th><th class="n">Steps</th><th class="n">Epochs</th><th class="n">Images/s</th><th class="n">Encoder</th><th class="n">With heads</th><th class="n">Peak memory</th><th>Device</th><th>Precision</th><th class="n">Threads</th></tr></thead>
      <tbody>${runs.map((run) => {
        const { seconds, steps, epochs, images_per_s, encoder, total, peak_mb } = run.cost;
        const { device, precision, threads } = run;
        return html`<tr><th scope="row">${runLabel(run)}</th><td class="n">${duration(seconds)}</td><td class="n">${count(steps)}</td><td class="n">${significant(epochs)}</td><td class="n">${significant(images_per_s)}</td><td class="n">${millions(encoder)}</td><td class="n">${millions(total)}</td><td class="n">${megabytes(peak_mb)}</td><td>${device ?? "–"}</td><td>${precision ?? "–"}</td><td class="n">${count(threads)}</td></tr>`;
      })}</tbody></table></div>
    <p class="note">Images/s: median over the steps after the second, reading and decoding included. Parameters: of the encoder, and of encoder and heads together; fixed positions (MAE's) are none. Peak memory: of the whole process while the run trained.</p>`;
}
