// How to run them again.

import { commandLine, recordedHere, shellWord } from "../../base/shell.ts";
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
    const [scored] = Object.values(run.scores);
    // Where a fifth was held out by another seed than the run's, such as a comparison's, that is told.
    const split = scored?.split_seed ?? null;
    const fifth = split !== null && split !== scored?.seed ? ["--split-seed", String(split)] : [];
    const data = run.data.root === null ? "DATA" : shellWord(run.data.root);
    const probed = scored
      ? commandLine("evaluate", shellWord(run.shelf?.source ?? run.dir), "--data", data, ...fifth)
      : null;
    // Nothing was trained of what comes off the shelf.
    const trained = run.shelf ? null : command === null ? "The command was not recorded." : recordedHere(command);
    const lines = [trained, probed].filter((line) => line !== null).join("\n");
    return html`<h3>${runLabel(run)} <small>${facts.join(", ")}</small></h3><pre tabindex="0">${lines}</pre>`;
  })}<p class="note">The config in each run.json can be fed back with --config; checkpoints and all numbers behind this page lie in the run folders.</p>`;
}
