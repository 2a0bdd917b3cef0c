// Label efficiency: how good a classifier is that knows 1, 10 or 100 % of the labels (SimCLR, arXiv:2002.05709, section 7).
// Deliberate difference: logistic regression on frozen features in place of fine-tuning, with a fixed penalty, since a handful of
// labels leaves none to choose settings on.
import { scope } from "@unlabel/torch";
import type { FewShotScore, MainMetrics } from "../run/evaluations.ts";
import { mean } from "../score/bootstrap.ts";
import { judge } from "../score/metrics.ts";
import { scoreIntervals } from "../score/shares.ts";
import { type Features, logits, pick, standardise, standardOf } from "./linear.ts";
import { logistic } from "./logistic.ts";
import { drawShare } from "./splits.ts";

export const SHARES = [0.01, 0.1, 1];

/**
 * C of scikit-learn's `LogisticRegression`: the penalty is |W|² / (2C) beside the *sum* of the losses. Its default of 1 is next to
 * none for hundreds of standardised features: on images held out from Imagenette's train, 0.01 was better with 94 labels and 947.
 */
export const INVERSE_PENALTY = 0.01;

/** Far beyond what standardised features need. */
const ITERATIONS = 200;

/** Small samples differ from draw to draw. */
export function drawsOf(share: number): number {
  return share >= 1 ? 1 : share < 0.05 ? 5 : 3;
}

/** The images of each draw: the same for whatever encodes them. */
export function drawsFor(labels: Int32Array, share: number, seed: number): number[][] {
  return Array.from({ length: drawsOf(share) }, (_, round) => drawShare(labels, share, seed, round));
}

/**
 * Fits each draw and scores it on `val`. Features are standardised over all of `train`, which takes no labels.
 */
export function fewShot(
  train: Features,
  val: Features,
  classes: number,
  draws: number[][],
  seed: number,
  onDraw: () => void = () => {},
): FewShotScore {
  return scope(() => {
    const standard = standardOf(train.x);
    const [inputs, asked] = [standardise(train.x, standard), standardise(val.x, standard)];
    const found = draws.map((indices) =>
      scope(() => {
        const { x, labels } = pick({ x: inputs, labels: train.labels }, indices);
        const weight_decay = 1 / (INVERSE_PENALTY * labels.length);
        const model = logistic(x, labels, classes, { weight_decay, iterations: ITERATIONS });
        const judged = judge(logits(model, asked), val.labels, classes);
        onDraw();
        return judged;
      }),
    );
    const over = (of: (values: number[]) => number): MainMetrics => ({
      top1: of(found.map(({ top1 }) => top1)),
      f1: of(found.map(({ f1 }) => f1)),
      balanced: of(found.map(({ balanced }) => balanced)),
    });
    return {
      ...over(mean),
      ...(found.length > 1 && { std: over(deviation) }),
      interval: scoreIntervals(
        val.labels,
        found.map(({ predicted }) => predicted),
        classes,
        seed,
        { files: val.files },
      ),
    };
  });
}

function deviation(values: number[]): number {
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
}
