// Every number that the page shows, in one plain object: the page is rendered from it alone, so that the two cannot disagree.
// Pictures are not in it; map, neighbours and confused pairs name the tiles of the run's eval/pictures.jpg.

import { labelsFileIn } from "../run/evaluations.ts";
import { type ComparisonTerms, readTerms } from "../run/read/comparison.ts";
import type { Evaluation, Score } from "../run/read/evaluation-schema.ts";
import { SCORED, type ScoredProtocol } from "../run/read/evaluation-schema.ts";
import { type Run, readRuns } from "../run/read/run.ts";
import type { Series } from "../run/read/series.ts";
import { agreement } from "./agreement.ts";
import { compare } from "./comparison.ts";
import { mostConfused } from "./confused.ts";
import { costOf } from "./costs.ts";
import { gainOf, groupRuns, intervalOf, scoredBy, seedOf, spread } from "./groups.ts";
import { lossOf, ownCurves, titleOf } from "./method-words.ts";
import { rankingOf } from "./ranking.ts";
import { threeSentences } from "./three-sentences.ts";
import { warnings } from "./warnings.ts";
import { withoutLabels } from "./without-labels.ts";

/** Six digits are more than a drawing shows. */
const short = (value: number) => Number(value.toPrecision(6));

function curveData(series: Series) {
  return {
    /** Values seen; `points` keeps the first, the last and every extreme. */
    count: series.count,
    points: series.points().map(([at, value]) => [short(at), short(value)] as const),
    means: series.count > 150 ? series.means().map(([at, value]) => [short(at), short(value)] as const) : [],
    last: series.points().at(-1)?.[1] ?? null,
  };
}

const scoreData = (score: Score | null | undefined, images: number) =>
  score ? { ...bare(score), interval: intervalOf(score, images), confusion: undefined } : null;

const bare = ({ top1, top5, f1, balanced, per_class }: Score) => ({
  top1,
  top5: top5 ?? null,
  f1,
  balanced: balanced ?? null,
  per_class: per_class ?? null,
});

function evaluationData(evaluation: Evaluation) {
  const {
    protocol,
    split,
    seed,
    split_seed,
    step,
    weights_average,
    seconds,
    notes,
    train_images,
    val_images,
    classes,
    confusion,
    settings,
    lead,
    data,
  } = evaluation;
  const names = classes.map(({ name }) => name);
  return {
    protocol,
    split,
    seed: seed ?? null,
    /** Of the fifth of train that was held out to score on; null where the data has a val. */
    split_seed: split_seed ?? null,
    step: step ?? null,
    /** Decay of the average of the encoder's weights that was evaluated; null where they are those of that step. */
    weights_average: weights_average ?? null,
    seconds: seconds ?? null,
    notes: notes ?? [],
    /** The images that it was scored on; null where an older version did not say. */
    data: data ?? null,
    /** The file of their labels; null where they are the images' own. */
    labels: labelsFileIn(notes) ?? null,
    train_images,
    val_images,
    classes: names,
    settings: settings ?? {},
    trained: { ...bare(evaluation), interval: intervalOf(evaluation, val_images) },
    untrained: scoreData(evaluation.untrained, val_images),
    pixels: scoreData(evaluation.pixels, val_images),
    majority: scoreData(evaluation.majority, val_images),
    scratch: scoreData(evaluation.scratch, val_images),
    lead: lead ?? null,
    confusion: confusion ?? null,
    confused: confusion ? mostConfused(names, confusion) : [],
  };
}

function curvesOf(series: Map<string, Series>) {
  return Object.fromEntries([...series].map(([key, one]) => [key, curveData(one)]));
}

function runData(run: Run, group: number) {
  const { file, evaluations } = run;
  const { fewShot, retrieval, indicators, drawn } = evaluations;
  const scores: Partial<Record<ScoredProtocol, ReturnType<typeof evaluationData>>> = {};
  for (const protocol of SCORED) {
    const found = evaluations.scored.get(protocol);
    if (found) scores[protocol] = evaluationData(found);
  }
  return {
    name: run.name,
    dir: run.dir,
    /** Index among the groups. */
    group,
    method: file.method,
    title: titleOf(file),
    /** What the curve of the loss shows. */
    loss: lossOf(file),
    own_curves: ownCurves(file, run.series.keys()),
    encoder: typeof file.config.encoder === "string" ? file.config.encoder : null,
    status: file.status,
    /** Where an encoder beside the runs comes from, and of an earlier run how and how far it was trained; null of a run of its own. */
    shelf: run.shelf && {
      source: run.shelf.source.path,
      licence: run.shelf.source.licence ?? null,
      encoder: run.shelf.source.encoder,
      run: run.shelf.source.run ? { method: run.shelf.source.run.method, step: run.shelf.source.run.step } : null,
    },
    /** What a run's encoder began with; null where that was random. */
    init: file.init
      ? {
          source: file.init.source,
          producer: file.init.producer ?? null,
          encoder: file.init.encoder,
          licence: file.init.licence ?? null,
        }
      : null,
    seed: seedOf(run),
    health: file.health ?? null,
    warnings: warnings(run),
    cost: costOf(run),
    device: file.device ?? null,
    precision: file.precision ?? null,
    threads: file.threads ?? null,
    chance: file.chance ?? null,
    floor: file.floor ?? null,
    config: file.config,
    /** What preset auto chose and why, a line each; empty with other presets. */
    chosen: file.chosen ?? [],
    data: {
      root: file.data?.root ?? null,
      layout: file.data?.layout ?? null,
      fingerprint: file.data?.fingerprint ?? null,
      train: file.data?.train ?? null,
      val: file.data?.val ?? null,
      /** Images held out from training, where there are neither labels nor val; null where none are. */
      held_out: file.data?.held_out?.images ?? null,
      classes: file.data?.classes?.length ?? null,
      understood: file.data?.understood ?? [],
      skipped: file.result?.skipped ?? run.skipped.count,
    },
    skipped: run.skipped,
    versions: file.versions ?? {},
    commit: file.commit ?? null,
    created: file.created ?? null,
    command: file.command ?? null,
    curves: curvesOf(run.series),
    /** Over seconds of training. */
    timed: curvesOf(run.timed),
    scores,
    few_shot: fewShot && { train_images: fewShot.train_images, points: fewShot.points },
    retrieval: retrieval && {
      recall: retrieval.recall,
      interval: retrieval.interval ?? null,
      untrained: retrieval.untrained ?? null,
      pixels: retrieval.pixels ?? null,
      chance: retrieval.chance ?? null,
    },
    indicators: indicators && {
      split: indicators.split,
      images: indicators.val_images,
      step: indicators.step ?? null,
      notes: indicators.notes ?? [],
      trained: indicators.trained,
      untrained: indicators.untrained ?? null,
      pixels: indicators.pixels ?? null,
      chance: indicators.chance ?? {},
      agreement: indicators.agreement ?? null,
    },
    drawn: drawn && {
      tile: drawn.tile,
      columns: drawn.columns,
      tiles: drawn.tiles,
      sprite: drawn.sprite,
      classes: drawn.classes.map(({ name }) => name),
      predicted_by: drawn.predicted_by ?? null,
      map: drawn.map,
      neighbours: drawn.neighbours,
      /** Clusters of images without labels, the largest first. */
      clusters: drawn.clusters ?? [],
      confused: drawn.confused,
    },
  };
}

function build(runs: readonly Run[], { budget, absent, asked, rungs }: ComparisonTerms) {
  const groups = groupRuns(runs);
  const found = compare(runs, groups);
  const at = (run: Run) => groups.findIndex((group) => group.runs.includes(run));
  const unlabelled = withoutLabels(groups);
  return {
    ...found,
    headline: unlabelled?.headline ?? found.headline,
    answer: threeSentences(groups, budget),
    caveats: [...(unlabelled?.caveats ?? []), ...found.caveats],
    /** What is said where nothing was scored by labels; null where something was. */
    without_labels: unlabelled,
    /** Where indicators and scores by labels say the same of these runs, and where not; empty where there are not both. */
    agreement: agreement(groups),
    /** Groups in the order of their scores, and who cannot be told apart; null where there are fewer than three, or none may be ranked. */
    ranking: rankingOf(groups),
    /** What stood in place of methods' names, and what came of it; null where they were named. */
    methods_asked: asked,
    /** Looks at which the worse half of the methods was given up, in their order; empty where that was not asked for. */
    halving: rungs,
    budget,
    /** Runs of the same comparison that are not reported on, such as failed ones. */
    absent,
    groups: groups.map((group) => {
      const summary = (protocol: ScoredProtocol) => {
        const [scored] = scoredBy([group], protocol);
        if (!scored) return null;
        const own = group.runs.flatMap((run) => run.evaluations.scored.get(protocol) ?? []);
        const { top1, std, seeds, images, untrained, pixels, evaluation } = scored;
        return {
          top1,
          std,
          seeds,
          interval: seeds === 1 ? intervalOf(evaluation, images) : null,
          f1: spread(own.map((one) => one.f1))?.mean ?? null,
          untrained,
          pixels,
          gain: untrained === null ? null : top1 - untrained,
          gain_interval: gainOf(scored, "untrained"),
        };
      };
      const [first] = group.runs;
      const costs = group.runs.map(costOf);
      return {
        name: group.name,
        runs: group.runs.map((run) => run.name),
        method: first?.file.method ?? "",
        title: first ? titleOf(first.file) : "",
        encoder: typeof first?.file.config.encoder === "string" ? first.file.config.encoder : null,
        linear: summary("linear"),
        knn: summary("knn"),
        seconds: spread(costs.map((one) => one.seconds))?.mean ?? null,
        images_per_s: spread(costs.map((one) => one.images_per_s))?.mean ?? null,
        peak_mb: spread(costs.map((one) => one.peak_mb))?.mean ?? null,
      };
    }),
    runs: runs.map((run) => runData(run, at(run))),
  };
}

/**
 * Every number on a report, as plain data: groups of runs that differ in the seed alone, runs, findings, costs and
 * caveats.
 */
export type ReportData = ReturnType<typeof build>;
export type RunData = ReportData["runs"][number];
export type GroupData = ReportData["groups"][number];
export type EvaluationData = ReturnType<typeof evaluationData>;
export type CurveData = ReturnType<typeof curveData>;

/**
 * Reads run directories and works out all that a report of them says.
 * @throws UserError where a folder is no run, or a file in it other than an evaluation is not as agreed.
 */
export async function readReport(runDirs: readonly string[]): Promise<{ data: ReportData; runs: Run[] }> {
  // Seeds of a group stand together, in whatever order they were trained.
  const runs = groupRuns(await readRuns(runDirs)).flatMap((group) => group.runs);
  return { data: build(runs, await readTerms(runDirs)), runs };
}

/**
 * All numbers that the report of these runs shows, as one plain object.
 * @throws UsageError where `runDirs` is no list.
 * @throws UserError where a folder is no run, or a file in it other than an evaluation is not as agreed.
 */
export async function reportData(runDirs: readonly string[]): Promise<ReportData> {
  return (await readReport(runDirs)).data;
}
