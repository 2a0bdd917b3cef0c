// How to run them again.

import { commandLine, recordedHere, shellWord } from "../../base/shell.ts";
import { type Html, html } from "../../page/html.ts";
import { runLabel } from "../../page/label.ts";
import type { ReportData, RunData } from "../data.ts";

/** What an evaluation was asked for: images, labels in place of their own, and seeds where these are not what a run's own would be. */
function termsOf({ data, labels, seed, split_seed: split }: Terms, run: RunData): string[] {
  const root = data ?? run.data.root;
  const told = (flag: string, value: string | number | null) =>
    value === null ? [] : [flag, shellWord(String(value))];
  return [
    ...["--data", root === null ? "DATA" : shellWord(root)],
    ...told("--labels", labels),
    ...told("--seed", seed === run.seed ? null : seed),
    // Without it the fifth that is held out follows from the seed.
    ...told("--split-seed", split === seed ? null : split),
  ];
}

type Terms = Pick<NonNullable<RunData["scores"]["linear"]>, "data" | "labels" | "seed" | "split_seed">;

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
    const probed = scored
      ? commandLine("evaluate", shellWord(run.shelf?.source ?? run.dir), ...termsOf(scored, run))
      : null;
    // Nothing was trained of what comes off the shelf.
    const trained = run.shelf ? null : command === null ? "The command was not recorded." : recordedHere(command);
    const lines = [trained, probed].filter((line) => line !== null).join("\n");
    return html`<h3>${runLabel(run)} <small>${facts.join(", ")}</small></h3><pre tabindex="0">${lines}</pre>`;
  })}<p class="note">The config in each run.json can be fed back with --config; checkpoints and all numbers behind this page lie in the run folders.</p>`;
}
