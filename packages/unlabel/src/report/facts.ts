// What the runs were: their cost, settings and data, and how to run them again.
import { type Comparison, costOf } from "./comparison.ts";
import { count, duration, megabytes, millions, plural, significant } from "./format.ts";
import { type Html, html } from "./html.ts";
import { proseList, runLabel } from "./label.ts";
import type { Run } from "./read-run.ts";

export function cost(runs: readonly Run[], comparison: Comparison): Html {
  return html`${proseList(comparison.costs)}
    <div class="scroll" tabindex="0" role="region" aria-label="Cost of runs"><table>
      <thead><tr><th>Run</th><th class="n">Time</th><th class="n">Steps</th><th class="n">Epochs</th><th class="n">Images/s</th><th class="n">Encoder</th><th class="n">With heads</th><th class="n">Peak memory</th><th>Device</th><th>Precision</th><th class="n">Threads</th></tr></thead>
      <tbody>${runs.map((run, index) => {
        const { seconds, steps, epochs, images_per_s, encoder, total, peak_mb } = costOf(run);
        const { device, precision, threads } = run.file;
        return html`<tr><th scope="row">${runLabel(run, index)}</th><td class="n">${duration(seconds)}</td><td class="n">${count(steps)}</td><td class="n">${significant(epochs)}</td><td class="n">${significant(images_per_s)}</td><td class="n">${millions(encoder)}</td><td class="n">${millions(total)}</td><td class="n">${megabytes(peak_mb)}</td><td>${device ?? "–"}</td><td>${precision ?? "–"}</td><td class="n">${count(threads)}</td></tr>`;
      })}</tbody></table></div>
    <p class="note">Images/s: median over the steps after the second, reading and decoding included. Parameters: of the encoder, and of encoder and heads together; fixed positions (MAE's) are none.</p>`;
}

export function configs(runs: readonly Run[]): Html {
  const keys = [...new Set(runs.flatMap((run) => Object.keys(run.file.config)))];
  const text = (run: Run, key: string) => {
    const value = run.file.config[key];
    if (value === undefined) return "–";
    return typeof value === "string" ? value : JSON.stringify(value);
  };
  const rows = keys.map((key) => {
    const values = runs.map((run) => text(run, key));
    const everywhere = runs.every((run) => key in run.file.config);
    return { key, values, everywhere, differs: everywhere && new Set(values).size > 1 };
  });
  const differing = rows.filter(({ differs }) => differs);
  const own = rows.filter(({ everywhere }) => !everywhere);
  const same = rows.filter(({ everywhere, differs }) => everywhere && !differs);
  const table = (
    shown: typeof rows,
  ) => html`<div class="scroll" tabindex="0" role="region" aria-label="Settings"><table class="config">
      <thead><tr><th>Setting</th>${runs.map((run, index) => html`<th>${runLabel(run, index)}</th>`)}</tr></thead>
      <tbody>${shown.map(({ key, values, differs }) => html`<tr class="${differs && "differs"}"><th scope="row">${key}</th>${values.map((value) => html`<td class="text">${value}</td>`)}</tr>`)}</tbody></table></div>`;
  if (runs.length === 1) {
    return html`<p>Every setting of the run, as resolved from defaults, preset, file and flags.</p>${table(rows)}`;
  }
  const differ = `${differing.length} of the ${plural(rows.length - own.length, "setting")} that all runs have ${differing.length === 1 ? "differs and is" : "differ and are"} marked`;
  return html`
    <p>${differing.length ? differ : "No setting that all runs have differs"}${own.length > 0 && "; a dash is a setting that the method does not have"}.</p>
    ${differing.length + own.length > 0 && table([...differing, ...own])}
    ${same.length > 0 && html`<details><summary>${plural(same.length, "setting")} the same in all runs</summary>${table(same)}</details>`}`;
}

export function data(runs: readonly Run[]): Html {
  const skipped = runs.filter((run) => run.skipped.count > 0);
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Data"><table>
      <thead><tr><th>Run</th><th>Folder</th><th>Layout</th><th class="n">Train images</th><th class="n">Val images</th><th class="n">Classes</th><th class="n">Skipped files</th><th>Fingerprint</th></tr></thead>
      <tbody>${runs.map((run, index) => {
        const found = run.file.data;
        return html`<tr><th scope="row">${runLabel(run, index)}</th><td class="text"><code>${found?.root ?? "–"}</code></td><td>${found?.layout ?? "–"}</td><td class="n">${count(found?.train)}</td><td class="n">${count(found?.val)}</td><td class="n">${count(found?.classes?.length)}</td><td class="n">${count(run.file.result?.skipped ?? run.skipped.count)}</td><td class="text"><code>${found?.fingerprint?.slice(0, 16) ?? "–"}</code></td></tr>`;
      })}</tbody></table></div>
    ${skipped.map(
      (run) => html`<details><summary>${plural(run.skipped.count, "file")} that ${run.name} could not read</summary>
      <div class="scroll" tabindex="0" role="region" aria-label="Skipped files"><table><thead><tr><th>File</th><th>Reason</th></tr></thead><tbody>${run.skipped.first.map(({ path, reason }) => html`<tr><td class="text"><code>${path}</code></td><td class="text">${reason}</td></tr>`)}</tbody></table></div>
      ${run.skipped.count > run.skipped.first.length && html`<p class="note">The first ${count(run.skipped.first.length)}; all are in skipped.jsonl.</p>`}</details>`,
    )}`;
}

export function reproduce(runs: readonly Run[]): Html {
  return html`${runs.map((run, index) => {
    const { versions, seed, commit, created, command } = run.file;
    const facts = [
      ...Object.entries(versions ?? {}).map(([name, version]) => `${name} ${version ?? "unknown"}`),
      seed != null && `seed ${seed}`,
      commit && `commit ${commit.slice(0, 12)}`,
      created && `started ${created.slice(0, 16).replace("T", " ")} UTC`,
    ].filter((fact) => typeof fact === "string");
    const probed = run.evaluations.size > 0 ? `\nunlabel probe ${run.dir} --data ${run.file.data?.root ?? "DATA"}` : "";
    return html`<h3>${runLabel(run, index)} <small>${facts.join(", ")}</small></h3><pre tabindex="0">${command ?? "The command was not recorded."}${probed}</pre>`;
  })}<p class="note">The config in each run.json can be fed back with --config; checkpoints and all numbers behind this page lie in the run folders.</p>`;
}
