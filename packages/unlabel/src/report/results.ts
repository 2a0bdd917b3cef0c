// What training and evaluation showed, a section each; a section with nothing to show is null.
import { classBars, curve, type Line, scoreBars } from "./charts.ts";
import { intervalOf, probeOf } from "./comparison.ts";
import { confusionMatrix, mostConfused, outOf } from "./confusion.ts";
import { count, duration, list, percent, plural, shorten, significant } from "./format.ts";
import { type Html, html, raw } from "./html.ts";
import { colorOf, describe, runLabel } from "./label.ts";
import type { Gallery } from "./pictures.ts";
import type { Run } from "./read-run.ts";
import type { Evaluation } from "./schema.ts";

function levels(run: Run): Line[] {
  const { chance, floor } = run.file;
  const line = (label: string, value: number | null | undefined) =>
    value == null ? [] : [{ label: `${label} ${significant(value, 4)}`, value }];
  return [...line("chance", chance), ...line("floor", floor)];
}

function lossOf({ file: { method, config } }: Run): string | null {
  if (method === "simclr") return "NT-Xent";
  if (method !== "mae") return null;
  return `squared error of hidden patches${config.norm_pixels === true ? ", each normalised" : ""}`;
}

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
      const unit = lossOf(run);
      return html`<h3>${runLabel(run, index)} <small>${describe(run)}</small></h3><div class="curves">
        ${panel("train/loss", unit ? `Loss (${unit})` : "Loss", false, levels(run)) ?? html`<p class="note">No step was recorded.</p>`}
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
    ${probed.flatMap(({ run, probe }) => (probe.notes ?? []).map((note) => html`<p class="note">Note on ${run.name}: ${note}.</p>`))}
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
      ${run.file.config.norm_pixels === true && html`<p class="note">This run predicts normalised patches: each hidden one is shown with its true mean and deviation, which the model was never asked for.</p>`}
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
