// How to run them again.

import { type Html, html } from "../../page/html.ts";
import { runLabel } from "../../page/label.ts";
import type { ReportData } from "../data.ts";

export function reproduce({ runs }: ReportData): Html {
  return html`${runs.map((run) => {
    const { versions, seed, commit, created, command } = run;
    const facts = [
      ...Object.entries(versions).map(([name, version]) => `${name} ${version ?? "unknown"}`),
      seed !== null && `seed ${seed}`,
      commit && `commit ${commit.slice(0, 12)}`,
      created && `started ${created.slice(0, 16).replace("T", " ")} UTC`,
    ].filter((fact) => typeof fact === "string");
    const probed =
      Object.keys(run.scores).length > 0 ? `\nunlabel evaluate ${run.dir} --data ${run.data.root ?? "DATA"}` : "";
    return html`<h3>${runLabel(run)} <small>${facts.join(", ")}</small></h3><pre tabindex="0">${command ?? "The command was not recorded."}${probed}</pre>`;
  })}<p class="note">The config in each run.json can be fed back with --config; checkpoints and all numbers behind this page lie in the run folders.</p>`;
}
