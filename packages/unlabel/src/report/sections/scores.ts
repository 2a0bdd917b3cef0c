// Scores by every protocol, each beside the same classifier on what needed no training.
import { type Bar, scoreBars } from "../../page/charts/score-bars.ts";
import { count, duration, list, percent, plural, shorten } from "../../page/format.ts";
import { type Html, html } from "../../page/html.ts";
import { colorOf, describe, runLabel, scroll } from "../../page/label.ts";
import { SCORED, type ScoredProtocol } from "../../run/read/evaluation-schema.ts";
import type { EvaluationData, ReportData, RunData } from "../data.ts";

export const PROTOCOL_NAMES: Record<ScoredProtocol, string> = {
  linear: "Linear probe",
  knn: "kNN",
  "fine-tune": "Fine-tuning",
  supervised: "Supervised from scratch",
};

const ENCODERS = [
  ["trained", "trained"],
  ["untrained", "untrained"],
  ["pixels", "raw pixels"],
  ["majority", "majority class"],
  ["scratch", "from scratch"],
] as const;

type Found = { run: RunData; found: EvaluationData };

export function scores({ runs }: ReportData): Html | null {
  const protocols = SCORED.flatMap((protocol) => {
    const scored = runs.flatMap((run) => {
      const found = run.scores[protocol];
      return found ? [{ run, found }] : [];
    });
    return scored.length ? [{ protocol, scored }] : [];
  });
  const all = protocols.flatMap(({ scored }) => scored);
  if (all.length === 0) return retrieval(runs);
  const images = new Set(
    all.map(
      ({ found }) =>
        `${plural(found.train_images, "training image")} and scored on ${plural(found.val_images, "image")} of ${found.split}`,
    ),
  );
  const classes = new Set(all.map(({ found }) => found.classes.length));
  const [only] = classes;
  const chance = classes.size === 1 && only ? 1 / only : null;
  return html`
    <p>Classifiers on features, fitted on ${list([...images])}; the split scored on was used once, at the last checkpoint, for nothing else.</p>
    ${averaged(all).map((sentence) => html`<p class="note">${sentence}</p>`)}
    ${all.flatMap(({ run, found }) => found.notes.map((note) => html`<p class="note">Note on ${run.name}: ${note}.</p>`))}
    <div class="pair">${protocols.map(({ protocol, scored }) => chart(PROTOCOL_NAMES[protocol], "top1", scored, chance))}
      ${protocols[0] && chart(PROTOCOL_NAMES[protocols[0].protocol], "f1", protocols[0].scored, null)}</div>
    ${protocols.map(
      ({ protocol, scored }) =>
        html`<h3>${PROTOCOL_NAMES[protocol]}</h3>${scroll(
          PROTOCOL_NAMES[protocol],
          html`<table>
      <thead><tr><th>Run</th><th>Encoder</th><th class="n">Top-1</th><th class="n">95\u00a0% interval</th><th class="n">Top-5</th><th class="n">Macro-F1</th><th class="n">Balanced</th><th class="n">Classes</th><th class="n">Took</th></tr></thead>
      <tbody>${scored.map(rows)}</tbody></table>`,
        )}`,
    )}
    ${retrieval(runs)}`;
}

/** Which runs were scored by an average of their weights, a sentence a decay. */
function averaged(all: readonly Found[]): string[] {
  const names = new Map<number, Set<string>>();
  for (const { run, found } of all) {
    if (found.weights_average === null) continue;
    names.set(found.weights_average, (names.get(found.weights_average) ?? new Set()).add(run.name));
  }
  return [...names].map(
    ([decay, runs]) =>
      `Scored with averaged weights: of ${list([...runs])} the encoder is a momentum average of its weights over training (decay ${decay}), not those of its last step alone.`,
  );
}

function chart(name: string, metric: "top1" | "f1", scored: readonly Found[], chance: number | null): Html {
  const groups = scored.map(({ run, found }) => ({
    name: `${shorten(run.name, 24)} (${describe(run)})`,
    color: colorOf(run.group),
    bars: ENCODERS.flatMap(([kind, text]): Bar[] => {
      const score = found[kind];
      if (!score) return [];
      const interval = kind === "trained" && metric === "top1" ? { interval: score.interval } : {};
      return [{ label: text, kind: kind === "scratch" ? "untrained" : kind, value: score[metric], ...interval }];
    }),
  }));
  const bars = groups.flatMap((group) => group.bars);
  const top = Math.min(1, Math.max(0.01, ...bars.map(({ value, interval }) => interval?.[1] ?? value)) * 1.02);
  const title = metric === "top1" ? "top-1 accuracy" : "macro-F1";
  const caption =
    metric === "top1"
      ? html`<b>${name}: top-1 accuracy,\u00a0%</b>, with its 95\u00a0% interval`
      : html`<b>${name}: macro-F1,\u00a0%</b>, the mean over classes`;
  return html`<figure><figcaption>${caption}</figcaption>${scoreBars(`${name}, ${title} of each run beside its baselines`, groups, chance, top)}</figure>`;
}

function rows({ run, found }: Found): Html {
  return html`${ENCODERS.map(([kind, text]) => {
    const score = found[kind];
    if (!score) return null;
    const first = kind === "trained";
    const [low, high] = score.interval;
    return html`<tr><th scope="row">${first && runLabel(run)}</th><td>${text}</td><td class="n">${first ? html`<b>${percent(score.top1)}</b>` : percent(score.top1)}</td><td class="n">${percent(low)} to ${percent(high)}</td><td class="n">${percent(score.top5)}</td><td class="n">${percent(score.f1)}</td><td class="n">${percent(score.balanced)}</td><td class="n">${first && count(found.classes.length)}</td><td class="n">${first && duration(found.seconds)}</td></tr>`;
  })}`;
}

/** Share of test images with an image of their class among the nearest training images. */
function retrieval(runs: readonly RunData[]): Html | null {
  const found = runs.flatMap((run) => (run.retrieval ? [{ run, recall: run.retrieval }] : []));
  if (found.length === 0) return null;
  const ks = [...new Set(found.flatMap(({ recall }) => Object.keys(recall.recall)))];
  const encoders = [
    ["recall", "trained"],
    ["untrained", "untrained"],
    ["pixels", "raw pixels"],
    ["chance", "at random"],
  ] as const;
  return html`<h3>Retrieval</h3><p>Share of test images with one of their own class among the k nearest training images (recall@k).</p>${scroll(
    "Retrieval",
    html`<table>
      <thead><tr><th>Run</th><th>Encoder</th>${ks.map((k) => html`<th class="n">Recall@${k}</th>`)}</tr></thead>
      <tbody>${found.map(({ run, recall }) =>
        encoders.map(([key, text]) => {
          const values = recall[key];
          if (!values) return null;
          const first = key === "recall";
          return html`<tr><th scope="row">${first && runLabel(run)}</th><td>${text}</td>${ks.map((k) => {
            const interval = first ? recall.interval?.[k] : null;
            return html`<td class="n">${first ? html`<b>${percent(values[k])}</b>` : percent(values[k])}${interval && html`<small>${percent(interval[0])} to ${percent(interval[1])}</small>`}</td>`;
          })}</tr>`;
        }),
      )}</tbody></table>`,
  )}`;
}
