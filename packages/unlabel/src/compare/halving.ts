// Successive halving (arXiv:1502.07943): all methods train for a part of their steps, the worse half is given up, and so once more, so that most of the
// time goes to those that may win. What is better is told by training images alone, the same ones for all methods, whole and not augmented: by kNN
// among them where they have labels, else by effective rank, which is no score. val is never looked at.
import { fromTypedArray, scope } from "@unlabel/torch";
import type { Split } from "../data/folder.ts";
import { drawnSample, filesOf } from "../data/sample.ts";
import { loadEncoder } from "../eval/load-encoder.ts";
import { RunDirectory } from "../run/directory.ts";
import { spreadOf } from "../score/spread.ts";
import { voteOf } from "../train/look.ts";
import { type PretrainRequest, pretrain } from "../train/pretrain.ts";

/** Shares of a method's steps after which half of the methods is given up. */
export const RUNGS = [0.25, 0.5] as const;
/** Training images that are looked at: a third asks, two thirds vote. */
const IMAGES = 768;
/** With fewer than so many there is nothing to halve. */
const FEWEST = 3;

/** What methods are told apart by: kNN among training images in [0, 1], or effective rank of their features. */
export type RungScore = "knn" | "rank";

/** What came of one look at all methods that were still in. */
export interface Rung {
  /** Of each method's steps. */
  share: number;
  /** By what. */
  by: RungScore;
  /** Training images that were looked at. */
  images: number;
  /** By run. */
  scores: Record<string, number>;
  /** Runs that went on, the best first. */
  kept: string[];
  /** Runs that were given up, the best first. */
  stopped: string[];
}

/** How a training that was to pause came out of it. */
export type Paused = "paused" | "interrupted" | "done";

/** Trains until so much of the steps is done, and saves; the run can be gone on with. @param share in (0, 1) */
export async function trainUntil(share: number, request: PretrainRequest): Promise<Paused> {
  const pause = new AbortController();
  const { signal: outer, onEvent, onStep } = request;
  let total = Number.POSITIVE_INFINITY;
  const reached = (step: number) => {
    if (step >= share * total) pause.abort();
  };
  const trained = await pretrain({
    ...request,
    signal: outer ? AbortSignal.any([outer, pause.signal]) : pause.signal,
    onEvent(event) {
      if (event.type === "begin" || event.type === "plan") total = event.total;
      if (event.type === "begin") reached(event.step);
      onEvent?.(event);
    },
    onStep(row) {
      reached(row.step);
      onStep?.(row);
    },
  });
  if (!trained.interrupted) return "done";
  return outer?.aborted || !pause.signal.aborted ? "interrupted" : "paused";
}

/** Whether so many methods can be halved. */
export function canHalve(methods: number): boolean {
  return methods >= FEWEST;
}

/**
 * Looks at each run's last checkpoint and gives up the worse half.
 *
 * @param runs their names and folders, in the order in which ties go
 * @param train what is looked at is drawn from; `classes` of its labels, one or none where it has none
 */
export async function rungOf(
  share: number,
  runs: readonly { name: string; path: string }[],
  { train, classes }: { train: Split; classes: number },
  signal?: AbortSignal,
): Promise<Rung> {
  const sample = drawnSample(train, IMAGES, 0);
  const isLabelled = classes > 1;
  const found: { name: string; knn: number | null; rank: number; images: number }[] = [];
  for (const { name, path } of runs) {
    // As the run computes, and in full precision: a look should come out the same again.
    const { device, threads } = RunDirectory.open(path).info.config;
    using encoder = await loadEncoder(path, { device, threads, precision: "fp32" });
    const { features, labels } = await encoder.encodeSplit(sample, signal);
    found.push(
      scope(() => {
        const rows = fromTypedArray(features, [labels.length, encoder.dim]);
        const whole = rows.isfinite().all().item() === 1;
        const files = labels.length === sample.items.length ? filesOf(sample.items) : undefined;
        const voted = isLabelled ? voteOf(rows, labels, classes, files) : {};
        return {
          name,
          images: labels.length,
          // What has broken is behind all that has not.
          knn: isLabelled ? (voted["online/knn_top1"] ?? (whole ? null : 0)) : null,
          rank: whole ? spreadOf(rows).rank : 0,
        };
      }),
    );
  }
  return decided(share, found);
}

/** Of a method's whole training, what is trained on average: by the first seed, and by each other one, which only those train that are left. */
export function sharesTrained(methods: number): { first: number; others: number } {
  let [left, done, first] = [methods, 0, 0];
  for (const share of RUNGS) {
    if (!canHalve(left)) break;
    first += left * (share - done);
    done = share;
    left = halfOf(left);
  }
  return { first: (first + left * (1 - done)) / methods, others: left / methods };
}

/** How many of so many go on. */
function halfOf(methods: number): number {
  return Math.max(2, Math.ceil(methods / 2));
}

/** Which half goes on: by kNN where all have it. */
export function decided(
  share: number,
  found: readonly { name: string; knn: number | null; rank: number; images: number }[],
): Rung {
  const by: RungScore = found.every(({ knn }) => knn !== null) ? "knn" : "rank";
  const scored = found.map(({ name, knn, rank }) => ({ name, score: by === "knn" ? (knn ?? 0) : rank }));
  const order = scored.toSorted((a, b) => b.score - a.score);
  const most = halfOf(order.length);
  const names = (some: typeof order) => some.map(({ name }) => name);
  return {
    ...{ share, by, images: Math.max(0, ...found.map(({ images }) => images)) },
    scores: Object.fromEntries(scored.map(({ name, score }) => [name, score])),
    kept: names(order.slice(0, most)),
    stopped: names(order.slice(most)),
  };
}

/** Why a run was given up, for people. */
export function stoppedWords(name: string, rung: Rung): string {
  const { share, by, images, scores, kept } = rung;
  const shown = (one: string | undefined) => {
    const score = scores[one ?? ""] ?? 0;
    return by === "knn" ? `${(100 * score).toFixed(1)} %` : score.toFixed(1);
  };
  const what = by === "knn" ? `kNN among ${images} training images` : `effective rank of ${images} training images`;
  return `given up after ${100 * share} % of its steps: ${what} ${shown(name)}, the last to go on ${shown(kept.at(-1))}`;
}
