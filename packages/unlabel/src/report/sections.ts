// The report's sections, each from runs to HTML; a section with nothing to show is null and leaves no trace in the navigation.
import { classBars, curve, type Line, scoreBars } from "./charts.ts";
import { type Comparison, costOf, intervalOf, probeOf } from "./comparison.ts";
import { confusionMatrix, mostConfused, outOf } from "./confusion.ts";
import {
  count,
  duration,
  list,
  megabytes,
  millions,
  percent,
  plural,
  points,
  shorten,
  significant,
  spelled,
} from "./format.ts";
import { type Html, html, raw } from "./html.ts";
import type { Gallery } from "./pictures.ts";
import type { Run } from "./read-run.ts";
import type { Evaluation } from "./schema.ts";

export const colorOf = (index: number) => `var(--run${index % 6})`;

function runLabel(run: Run, index: number): Html {
  return html`<span class="dot" style="--color:${raw(colorOf(index))}"></span>${run.name}`;
}

const encoderOf = (run: Run) => {
  const { encoder } = run.file.config;
  return typeof encoder === "string" ? spelled(encoder) : "–";
};

const describe = (run: Run) => `${spelled(run.file.method)}, ${encoderOf(run)}`;

const proseList = (sentences: readonly string[]) =>
  sentences.length > 0 && html`<ul class="prose">${sentences.map((sentence) => html`<li>${sentence}</li>`)}</ul>`;

/** What stands in the way of taking a run at its word: it did not end, its loss broke, its files are damaged. */
export function warnings(run: Run): string[] {
  const { status, error, floor } = run.file;
  const at = `step ${count(costOf(run).steps)}`;
  const found: string[] = [];
  if (status === "failed") found.push(`${run.name} failed at ${at}${error ? `: ${error}` : "."}`);
  if (status === "interrupted") found.push(`${run.name} was interrupted at ${at}; it can be continued with --resume.`);
  if (status === "running")
    found.push(`${run.name} is marked as running, last seen at ${at}; its numbers are not final.`);
  if (run.series.size === 0) found.push(`${run.name} has recorded no step.`);
  const loss = run.series.get("train/loss");
  if (loss?.brokenAt != null) {
    found.push(
      `The loss of ${run.name} was not a number from step ${count(loss.brokenAt)} on (${plural(loss.broken, "step")} in all).`,
    );
  }
  const least = Math.min(...(loss?.points() ?? []).map(([, value]) => value));
  if (floor != null && least < floor - 1e-3 * Math.max(1, Math.abs(floor))) {
    found.push(
      `The loss of ${run.name} went below its floor of ${significant(floor, 4)}, to ${significant(least, 4)}: this is not the loss its config names.`,
    );
  }
  if (run.torn)
    found.push(
      `${plural(run.torn, "line")} of ${run.name}'s metrics.jsonl could not be read and ${run.torn === 1 ? "is" : "are"} left out.`,
    );
  return found;
}

export function answer(runs: readonly Run[], comparison: Comparison): Html {
  const notes = runs.flatMap(warnings);
  return html`
    <h1>${comparison.headline.replaceAll("top-1", "top\u20111")}</h1>
    ${notes.map((note) => html`<p class="warn">${note}</p>`)}
    <div class="scroll" tabindex="0" role="region" aria-label="Summary of runs"><table>
      <thead><tr><th>Run</th><th class="n">Top-1</th><th class="n">Macro-F1</th><th class="n">Untrained</th><th class="n">Pixels</th><th class="n">Gain</th><th class="n">Images/s</th><th class="n">Time</th><th class="n">Memory</th></tr></thead>
      <tbody>${runs.map(summaryRow)}</tbody>
    </table></div>
    ${proseList(comparison.findings)}
    <p class="note">Top-1, untrained and pixels: the same linear probe on the trained encoder, on the same encoder before training, and on raw pixels. Gain: points of top-1 over untrained. ${comparison.method}</p>
    ${comparison.caveats.length > 0 && html`<h3>What these numbers do not say</h3>`}
    ${proseList(comparison.caveats)}`;
}

function summaryRow(run: Run, index: number): Html {
  const probe = probeOf(run);
  const cost = costOf(run);
  const interval = probe && intervalOf(probe);
  return html`<tr>
    <th scope="row">${runLabel(run, index)}<small>${describe(run)}</small></th>
    <td class="n">${probe ? html`<b>${percent(probe.top1)}</b>` : "not probed"}${interval && html`<small>${percent(interval[0])} to ${percent(interval[1])}</small>`}</td>
    <td class="n">${percent(probe?.f1)}</td><td class="n">${percent(probe?.untrained?.top1)}</td><td class="n">${percent(probe?.pixels?.top1)}</td>
    <td class="n">${probe?.untrained ? points(probe.top1 - probe.untrained.top1) : "–"}</td>
    <td class="n">${significant(cost.images_per_s)}</td><td class="n">${duration(cost.seconds)}</td><td class="n">${megabytes(cost.peak_mb)}</td></tr>`;
}

function levels(run: Run): Line[] {
  const { chance, floor } = run.file;
  const line = (label: string, value: number | null | undefined) =>
    value == null ? [] : [{ label: `${label} ${significant(value, 4)}`, value }];
  return [...line("chance", chance), ...line("floor", floor)];
}

const LOSSES: Record<string, string> = { simclr: "NT-Xent", mae: "mean squared error of hidden patches" };

export function curves(runs: readonly Run[]): Html | null {
  if (runs.every((run) => !run.series.size)) return null;
  return html`
    <p>Each run has its own axes: losses of different methods, batch sizes or temperatures measure different things. Thin lines hold every extreme, bold ones are means over neighbouring steps.</p>
    ${runs.map((run, index) => {
      const color = colorOf(index);
      const panel = (key: string, label: string, minor: boolean, lines: Line[] = []) => {
        const series = run.series.get(key);
        if (!series?.count) return null;
        const title = `${label} of ${run.name} over ${plural(series.count, "step")}`;
        const size = minor ? { width: 225, height: 220 } : { width: 440, height: 220 };
        const drawn = curve(series, { title, ...size, color, lines, smooth: key !== "train/lr", zero: minor });
        return html`<figure class="${minor ? "minor" : ""}"><figcaption><b>${label}</b></figcaption>${drawn}</figure>`;
      };
      const unit = LOSSES[run.file.method];
      return html`<h3>${runLabel(run, index)} <small>${describe(run)}</small></h3><div class="curves">
        ${panel("train/loss", unit ? `Loss (${unit}) by step` : "Loss by step", false, levels(run)) ?? html`<p class="note">No step was recorded.</p>`}
        ${panel("train/lr", "Learning rate", true)}${panel("data/images_per_s", "Images/s", true)}</div>`;
    })}`;
}

type Probed = { run: Run; index: number; probe: Evaluation };

function probedOf(runs: readonly Run[]): Probed[] {
  return runs.flatMap((run, index) => {
    const probe = probeOf(run);
    return probe ? [{ run, index, probe }] : [];
  });
}

export function scores(runs: readonly Run[]): Html | null {
  const probed = probedOf(runs);
  if (probed.length === 0) return null;
  const groups = (metric: "top1" | "f1") =>
    probed.map(({ run, index, probe }) => ({
      name: `${shorten(run.name, 24)} (${describe(run)})`,
      color: colorOf(index),
      bars: [
        {
          label: "trained",
          kind: "trained" as const,
          value: probe[metric],
          interval: metric === "top1" ? intervalOf(probe) : undefined,
        },
        ...(probe.untrained
          ? [{ label: "untrained", kind: "untrained" as const, value: probe.untrained[metric] }]
          : []),
        ...(probe.pixels ? [{ label: "raw pixels", kind: "pixels" as const, value: probe.pixels[metric] }] : []),
      ],
    }));
  const [top1, f1] = [groups("top1"), groups("f1")];
  const bars = [...top1, ...f1].flatMap((group) => group.bars);
  const top = Math.min(1, Math.max(0.01, ...bars.map(({ value, interval }) => interval?.[1] ?? value)) * 1.02);
  const classes = new Set(probed.map(({ probe }) => probe.classes.length));
  const [only] = classes;
  const chance = classes.size === 1 && only ? 1 / only : null;
  const images = [
    ...new Set(
      probed.map(
        ({ probe }) =>
          `${plural(probe.train_images, "training image")} and scored on ${plural(probe.val_images, "image")} of ${probe.split}`,
      ),
    ),
  ];
  return html`
    <p>A linear layer on frozen features, fitted on ${list(images)}; the split scored on was used once, for nothing else.</p>
    <div class="pair">
      <figure><figcaption><b>Top-1 accuracy,\u00a0%</b>, with its 95\u00a0% interval</figcaption>${scoreBars("Top-1 of each run beside its baselines", top1, chance, top)}</figure>
      <figure><figcaption><b>Macro-F1,\u00a0%</b>, the mean over classes</figcaption>${scoreBars("Macro-F1 of each run beside its baselines", f1, null, top)}</figure>
    </div>
    <div class="scroll" tabindex="0" role="region" aria-label="Scores"><table>
      <thead><tr><th>Run</th><th>Encoder</th><th class="n">Top-1</th><th class="n">Top-5</th><th class="n">Macro-F1</th><th class="n">Classes</th><th class="n">Probe took</th></tr></thead>
      <tbody>${probed.map(({ run, index, probe }) => {
        const row = (what: string, score: { top1: number; top5?: number | null; f1: number }, first: boolean) =>
          html`<tr><th scope="row">${first && runLabel(run, index)}</th><td>${what}</td><td class="n">${percent(score.top1)}</td><td class="n">${percent(score.top5)}</td><td class="n">${percent(score.f1)}</td><td class="n">${first && count(probe.classes.length)}</td><td class="n">${first && duration(probe.seconds)}</td></tr>`;
        return [
          row("trained", probe, true),
          probe.untrained && row("untrained", probe.untrained, false),
          probe.pixels && row("raw pixels", probe.pixels, false),
        ];
      })}</tbody>
    </table></div>`;
}

export function perClass(runs: readonly Run[]): Html | null {
  const probed = probedOf(runs).filter(({ probe }) => probe.per_class?.length);
  if (probed.length === 0) return null;
  const means = new Map<string, number>();
  for (const { probe } of probed)
    for (const { name, f1 } of probe.per_class ?? []) means.set(name, (means.get(name) ?? 0) + f1);
  const panels = probed.map(({ run, index, probe }) => {
    const before = new Map(probe.untrained?.per_class?.map(({ name, f1 }) => [name, f1]));
    const classes = (probe.per_class ?? [])
      .map(({ name, f1, support }) => ({ name, f1, support, untrained: before.get(name) ?? null }))
      .sort((a, b) => (means.get(b.name) ?? 0) - (means.get(a.name) ?? 0));
    return html`<figure><figcaption>${runLabel(run, index)}</figcaption>${classBars(`F1 of each class for ${run.name}`, classes, colorOf(index))}</figure>`;
  });
  const charts = html`<div class="pair">${panels}</div>`;
  const ticks = probed.some(({ probe }) => probe.untrained?.per_class) && "; the upright tick is the untrained encoder";
  const most = Math.max(...probed.map(({ probe }) => probe.classes.length));
  return html`<p>F1 of each class, in\u00a0%, in the same order for all runs${ticks}.</p>
    ${most > 30 ? html`<details><summary>Show ${plural(most, "class", "classes")}</summary>${charts}</details>` : charts}`;
}

export function confusion(runs: readonly Run[]): Html | null {
  const probed = probedOf(runs).flatMap(({ probe, ...rest }) =>
    probe.confusion ? [{ ...rest, probe, counts: probe.confusion }] : [],
  );
  if (probed.length === 0) return null;
  const panels = probed.map(({ run, index, probe, counts }) => {
    const names = probe.classes.map(({ name }) => name);
    const worst = mostConfused(names, counts);
    return html`<figure>
      <figcaption>${runLabel(run, index)}<span class="readout">Point at a cell to read it.</span></figcaption>
      <div class="scroll" tabindex="0" role="region" aria-label="Confusion matrix of ${run.name}" style="--color:${raw(colorOf(index))}">${confusionMatrix(`Confusion matrix of ${run.name}`, names, counts)}</div>
      ${
        worst.length > 0 &&
        html`<div class="scroll"><table><thead><tr><th>Most confused: true class</th><th>taken for</th><th class="n">images</th><th class="n">share</th></tr></thead>
      <tbody>${worst.map((pair) => html`<tr><td class="text">${pair.truth}</td><td class="text">${pair.taken}</td><td class="n">${outOf(pair)}</td><td class="n">${percent(pair.share)}</td></tr>`)}</tbody></table></div>`
      }
    </figure>`;
  });
  return html`<p>Rows are true classes, columns what the probe said; the stronger a cell's colour, the larger its share of the row.</p><div class="${probed.some(({ counts }) => counts.length > 12) ? "wide" : "pair"}">${panels}</div>`;
}

export function reconstructions(runs: readonly Run[], galleries: readonly (Gallery | null)[]): Html | null {
  if (galleries.every((one) => one === null)) return null;
  return html`<p>Left: the image. Middle: what the encoder saw. Right: the patches it was shown, and its reconstruction of those it was not.</p>
    ${runs.map((run, index) => {
      const found = galleries[index];
      if (!found) return null;
      const shown = found.triplets.length;
      return html`<h3>${runLabel(run, index)} <small>${describe(run)}${shown < found.total && `, ${shown} of ${found.total} shown`}</small></h3>
      ${found.missing.length > 0 && html`<p class="note warn">Could not be read: ${list(found.missing)}.</p>`}
      <div class="gallery">${found.triplets.map(
        (triplet, at) =>
          html`<div class="triplet">${(["original", "masked", "reconstructed"] as const).map((kind) => {
            const { uri, width, height } = triplet[kind];
            return html`<div><img src="${raw(uri)}" width="${width}" height="${height}" class="${width <= 96 && "small"}" alt="Image ${at + 1}, ${kind}"><span>${kind}</span></div>`;
          })}</div>`,
      )}</div>`;
    })}`;
}

export function cost(runs: readonly Run[], comparison: Comparison): Html {
  return html`${proseList(comparison.costs)}
    <div class="scroll" tabindex="0" role="region" aria-label="Cost of runs"><table>
      <thead><tr><th>Run</th><th class="n">Time</th><th class="n">Steps</th><th class="n">Epochs</th><th class="n">Images/s</th><th class="n">Encoder</th><th class="n">With heads</th><th class="n">Peak memory</th><th>Device</th><th>Precision</th><th class="n">Threads</th></tr></thead>
      <tbody>${runs.map((run, index) => {
        const { seconds, steps, epochs, images_per_s, encoder, total, peak_mb } = costOf(run);
        const { device, precision, threads } = run.file;
        return html`<tr><th scope="row">${runLabel(run, index)}</th><td class="n">${duration(seconds)}</td><td class="n">${count(steps)}</td><td class="n">${significant(epochs)}</td><td class="n">${significant(images_per_s)}</td><td class="n">${millions(encoder)}</td><td class="n">${millions(total)}</td><td class="n">${megabytes(peak_mb)}</td><td>${device ?? "–"}</td><td>${precision ?? "–"}</td><td class="n">${count(threads)}</td></tr>`;
      })}</tbody></table></div>
    <p class="note">Images/s: median over the steps after the second, reading and decoding included. Parameters: of the encoder, and of encoder and heads together.</p>`;
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
