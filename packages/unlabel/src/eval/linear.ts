// The linear probe: softmax regression on frozen features, one protocol for every method and baseline.
// SGD with momentum and a cosine schedule as in SimCLR (arXiv:2002.05709, appendix B.6), or L-BFGS; features standardised before it
// as MAE's affine-free BatchNorm does (arXiv:2111.06377, appendix A.1), with the training split's own statistics.
import { fromTypedArray, noGrad, scope, type Tensor, zeros } from "@unlabel/torch";
import { shuffle } from "../base/rng.ts";
import type { Curve, Tried } from "../run/evaluations.ts";
import { judge, type Metrics, topK } from "../score/metrics.ts";
import { logistic } from "./logistic.ts";
import { stratified } from "./splits.ts";

/** Settings of the linear probe. */
export interface ProbeSettings {
  /** How the classifier is fitted: by steps on batches, or by quasi-Newton iterations on all features. */
  solver: "sgd" | "lbfgs";
  /** Passes over the features; L-BFGS takes at most as many iterations. */
  epochs: number;
  /** Features a step of SGD. */
  batch: number;
  /** Peak learning rate of SGD, or null to choose one of 0.001, 0.003, 0.01, 0.03 and 0.1 on images held out from train. */
  lr: number | null;
  /** Of SGD, from 0 to below 1. */
  momentum: number;
  /** λ of the penalty λ/2·|W|² beside the mean loss, or null to choose it likewise; the bias is free. */
  weight_decay: number | null;
  /** Decides which images are held out, and the order of the batches. */
  seed: number;
}

export const PROBE: ProbeSettings = {
  solver: "sgd",
  epochs: 100,
  batch: 256,
  lr: null,
  momentum: 0.9,
  weight_decay: null,
  seed: 0,
};

/** What `null` chooses from. */
export const LEARNING_RATES = [0.001, 0.003, 0.01, 0.03, 0.1];
export const WEIGHT_DECAYS = { sgd: [0, 1e-2], lbfgs: [1e-1, 1e-2, 1e-3, 1e-4, 1e-5] } as const;

/** What is taken where no image can be held out to choose on: every class has one. */
const UNCHOSEN = { lr: 0.01, weight_decay: 1e-3 };

/** Features `[N, D]` float32 and their labels. */
export interface Features {
  x: Tensor;
  labels: Int32Array;
  /** The file that each is a part of, where several are of one; see `filesOf`. */
  files?: Int32Array | undefined;
}

/** How features are brought to mean 0 and variance 1: `(x − mean) · scale`, both `[D]`. */
export interface Standard {
  mean: Tensor;
  scale: Tensor;
}

/** A trained probe: scores are `(x − mean) · scale · weight + bias`. */
export interface Linear extends Standard {
  /** `[D, C]`. */
  weight: Tensor;
  /** `[C]`. */
  bias: Tensor;
}

export interface Candidate {
  /** Null for L-BFGS. */
  lr: number | null;
  weight_decay: number;
}

export interface ProbeOutcome extends Metrics, Candidate {
  /** Accuracy of each candidate on held-out images, where there was a choice. */
  tried: Tried[];
  /** False where there was a choice and no image to choose on. */
  chosen: boolean;
  /** Mean training loss of each epoch or iteration. */
  curve: Curve;
  seconds: number;
}

/** Hears how many passes over the features are done, and how many there will be. */
export type OnPass = (done: number, total: number) => void;

/**
 * Trains the probe on `train` and scores it on `val` once, after the last epoch: nothing is chosen on `val`.
 * A learning rate or weight decay left open is chosen on stratified tenths of `train`, all candidates side by side, and then
 * all of `train` is fitted with it. The outcome depends on the seed alone.
 */
export function linearProbe(
  train: Features,
  val: Features,
  classes: number,
  settings: ProbeSettings,
  onPass: OnPass = () => {},
): ProbeOutcome {
  const began = performance.now();
  return scope(() => {
    const candidates = candidatesOf(settings);
    const parts = candidates.length > 1 ? partsOf(train, settings.seed) : [];
    const passes =
      settings.epochs * (settings.solver === "lbfgs" ? candidates.length * parts.length + 1 : parts.length + 1);
    let done = 0;
    const tell = () => onPass(++done, passes);
    const tried = sweep(train, classes, candidates, settings, parts, tell);
    const fallback = candidates.length > 1 ? { ...candidates[0]!, ...unchosen(settings) } : candidates[0]!;
    const { lr, weight_decay } = tried.reduce<Tried | Candidate>(
      (best, one) => ("top1" in best && best.top1 >= one.top1 ? best : one),
      fallback,
    );
    const { models, curve } = fit(train, classes, [{ lr, weight_decay }], settings, tell);
    const metrics = judge(scores(models[0]!, val.x), val.labels, classes);
    const chosen = candidates.length === 1 || tried.length > 0;
    return { ...metrics, lr, weight_decay, tried, chosen, curve, seconds: (performance.now() - began) / 1000 };
  });
}

function candidatesOf({ solver, lr, weight_decay }: ProbeSettings): Candidate[] {
  const rates = solver === "lbfgs" ? [null] : lr === null ? LEARNING_RATES : [lr];
  const decays = weight_decay === null ? WEIGHT_DECAYS[solver] : [weight_decay];
  return decays.flatMap((decay) => rates.map((rate) => ({ lr: rate, weight_decay: decay })));
}

function unchosen({ solver, lr, weight_decay }: ProbeSettings): Candidate {
  return {
    lr: solver === "lbfgs" ? null : (lr ?? UNCHOSEN.lr),
    weight_decay: weight_decay ?? UNCHOSEN.weight_decay,
  };
}

/**
 * What is fitted and what is held out in turn: a tenth of `train` where it is large, up to ten tenths where one would be all noise.
 * Empty where nothing can be held out.
 */
function partsOf({ labels, files }: Features, seed: number): (readonly [fitted: number[], held: number[]])[] {
  const parts: (readonly [number[], number[]])[] = [];
  for (let checked = 0; parts.length < 10 && checked < 1000; ) {
    const [fitted, held] = stratified(labels, 0.1, seed, parts.length, files);
    if (held.length === 0) return [];
    checked += held.length;
    parts.push([fitted, held]);
  }
  return parts;
}

/** Accuracy of each candidate on what is held out; none where nothing is. */
function sweep(
  train: Features,
  classes: number,
  candidates: Candidate[],
  settings: ProbeSettings,
  parts: ReturnType<typeof partsOf>,
  tell: () => void,
): Tried[] {
  if (parts.length === 0) return [];
  const right = candidates.map(() => 0);
  for (const [fitted, held] of parts) {
    scope(() => {
      const [part, check] = [pick(train, fitted), pick(train, held)];
      const { models } = fit(part, classes, candidates, settings, tell, false);
      for (const [i, model] of models.entries()) {
        right[i]! += held.length * topK(scores(model, check.x), check.labels, classes, 1);
      }
    });
  }
  const checked = parts.reduce((sum, [, held]) => sum + held.length, 0);
  return candidates.map((candidate, i) => ({ ...candidate, top1: right[i]! / checked }));
}

/**
 * Softmax regression, one model a candidate, each on features standardised by their own mean and variance.
 *
 * @param curved whether the loss of each pass is wanted; else the curve is empty, with SGD
 */
export function fit(
  { x, labels }: Features,
  classes: number,
  candidates: readonly Candidate[],
  settings: ProbeSettings,
  tell: () => void = () => {},
  curved = true,
): { models: Linear[]; curve: Curve } {
  return noGrad(() =>
    scope(() => {
      const standard = standardOf(x);
      const inputs = standardise(x, standard);
      const { models, curve } =
        settings.solver === "lbfgs"
          ? fitByLbfgs(inputs, labels, classes, candidates, settings, tell)
          : fitBySgd(inputs, labels, classes, candidates, settings, tell, curved);
      return { models: models.map((model) => ({ ...standard, ...model })), curve };
    }),
  );
}

/** From one candidate to the next, each begins where the one before ended. */
function fitByLbfgs(
  inputs: Tensor,
  labels: Int32Array,
  classes: number,
  candidates: readonly Candidate[],
  { epochs: iterations }: ProbeSettings,
  tell: () => void,
) {
  const models: { weight: Tensor; bias: Tensor }[] = [];
  let curve: Curve = [];
  for (const { weight_decay } of candidates) {
    const options = { weight_decay, iterations, start: models.at(-1), onIteration: tell };
    const found = logistic(inputs, labels, classes, options);
    models.push({ weight: found.weight, bias: found.bias });
    curve = found.curve;
  }
  return { models, curve };
}

/**
 * All models on the same batches and in the same products. The gradient is in closed form: for logits Z = WX + b and
 * P = softmax(Z), ∂L/∂W = (P − Y)Xᵀ/B + λW, ∂L/∂b = mean(P − Y). A column is an image, so that softmax runs along whole rows of
 * images and not along a few classes.
 */
function fitBySgd(
  inputs: Tensor,
  labels: Int32Array,
  classes: number,
  candidates: readonly Candidate[],
  { epochs, batch, momentum, seed }: ProbeSettings,
  tell: () => void,
  curved: boolean,
) {
  const [count, dim] = inputs.shape as [number, number];
  const { device } = inputs;
  const models = candidates.length;
  const rows = models * classes;
  const numbers = fromTypedArray(labels).to({ device, dtype: "int64" });
  const targets = numbers.oneHot(classes).to({ dtype: "float32" }).t().contiguous();
  const weight = zeros([rows, dim], { device });
  const bias = zeros([rows, 1], { device });
  const [velocityW, velocityB] = [weight.zerosLike(), bias.zerosLike()];
  const perRow = (of: (candidate: Candidate) => number) =>
    fromTypedArray(Float32Array.from(candidates, of)).to({ device }).repeatInterleave(classes).unsqueeze(1);
  const rate = perRow(({ lr }) => lr ?? 0);
  const decay = perRow(({ weight_decay }) => weight_decay);
  const decays = candidates.some(({ weight_decay }) => weight_decay > 0);
  const steps = epochs * Math.ceil(count / batch);
  const curve: Curve = [];
  for (let epoch = 0, step = 0; epoch < epochs; epoch++) {
    scope(() => {
      const order = fromTypedArray(Int32Array.from(shuffle(count, seed, epoch))).to({ device });
      const total = zeros([], { device });
      for (let at = 0; at < count; at += batch, step++) {
        const factor = 0.5 * (1 + Math.cos((Math.PI * step) / steps));
        scope(() => {
          const chosen = order.narrow(0, at, Math.min(batch, count - at));
          const [input, target] = [inputs.indexSelect(0, chosen), targets.indexSelect(1, chosen)];
          const size = input.shape[0]!;
          const logits = bias.addmm(weight, input.t()).view([models, classes, size]);
          const log = curved ? logits.logSoftmax(1) : null;
          if (log) total.sub_(log.mul(target).sum());
          const error = (log ? log.exp() : logits.softmax(1)).sub_(target).view([rows, size]);
          velocityW.addmm_(error, input, { beta: momentum, alpha: 1 / size });
          if (decays) velocityW.addcmul_(weight, decay);
          velocityB.mul_(momentum).add_(error.sum([1], true), { alpha: 1 / size });
          const pace = rate.mul(-factor);
          weight.addcmul_(velocityW, pace);
          bias.addcmul_(velocityB, pace);
        });
      }
      if (curved) curve.push({ epoch: epoch + 1, loss: total.item() / (count * models) });
      tell();
    });
  }
  return {
    curve,
    models: candidates.map((_, i) => ({
      weight: weight
        .narrow(0, i * classes, classes)
        .t()
        .contiguous(),
      bias: bias
        .narrow(0, i * classes, classes)
        .flatten()
        .clone(),
    })),
  };
}

/** Mean and 1 / √(variance + 10⁻⁶) of features `[N, D]`. */
export function standardOf(x: Tensor): Standard {
  return scope(() => {
    const mean = x.mean([0]);
    // LibTorch's `var` down the columns was the slowest operator of a fit.
    return { mean, scale: x.sub(mean).square().mean([0]).add(1e-6).rsqrt() };
  });
}

export function standardise(x: Tensor, { mean, scale }: Standard): Tensor {
  return scope(() => x.sub(mean).mul(scale));
}

/** Scores `[N · C]`, row-major. */
export function scores(model: Linear, x: Tensor): Float32Array {
  return scope(() => logits(model, standardise(x, model)));
}

/** Scores of features that are standardised. */
export function logits({ weight, bias }: Pick<Linear, "weight" | "bias">, inputs: Tensor): Float32Array {
  return noGrad(() => scope(() => bias.addmm(inputs, weight).to({ device: "cpu" }).toArray() as Float32Array));
}

/** The features of some images. */
export function pick({ x, labels }: Features, indices: readonly number[]): Features {
  return scope(() => ({
    x: x.indexSelect(0, fromTypedArray(Int32Array.from(indices)).to({ device: x.device })),
    labels: Int32Array.from(indices, (i) => labels[i]!),
  }));
}
