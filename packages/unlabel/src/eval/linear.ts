// The linear probe: softmax regression on frozen features, one protocol for every method and baseline.
// SGD with momentum and a cosine schedule as in SimCLR (arXiv:2002.05709, appendix B.6); features standardised before it
// as MAE's affine-free BatchNorm does (arXiv:2111.06377, appendix A.1), with the training split's own statistics.
import { fromTypedArray, noGrad, scope, type Tensor, zeros } from "@unlabel/torch";
import { shuffle } from "../rng.ts";
import { judge, type Metrics, topK } from "./metrics.ts";
import { stratified } from "./splits.ts";

export interface ProbeSettings {
  epochs: number;
  batch: number;
  /** Peak learning rate, or null to choose one of {@link LEARNING_RATES} on held-out tenths of the training images. */
  lr: number | null;
  momentum: number;
  /** λ of the penalty λ/2·|W|² beside the mean loss; the bias is free. */
  weight_decay: number;
  seed: number;
}

export const PROBE: ProbeSettings = {
  epochs: 100,
  batch: 256,
  lr: null,
  momentum: 0.9,
  weight_decay: 0,
  seed: 0,
};

/** What `lr: null` chooses from. */
export const LEARNING_RATES = [0.001, 0.003, 0.01, 0.03, 0.1];

/** Features `[N, D]` float32 and their labels. */
export interface Features {
  x: Tensor;
  labels: Int32Array;
}

/** A trained probe: scores are `(x − mean) / √(var + ε) · weight + bias`. */
export interface Linear {
  mean: Tensor;
  scale: Tensor;
  /** `[D, C]`. */
  weight: Tensor;
  /** `[C]`. */
  bias: Tensor;
}

export interface ProbeOutcome extends Metrics {
  /** The learning rate used, and accuracy on held-out tenths of each one tried. */
  lr: number;
  tried: { lr: number; top1: number }[];
  /** Mean training loss of each epoch. */
  curve: { epoch: number; loss: number }[];
  seconds: number;
}

/**
 * Trains the probe on `train` and scores it on `val` once, after the last epoch: nothing is chosen on `val`.
 * A learning rate left open is chosen on stratified tenths of `train`, all candidates side by side, and then all of
 * `train` is fitted with it. The outcome depends on the seed alone.
 */
export function linearProbe(train: Features, val: Features, classes: number, settings: ProbeSettings): ProbeOutcome {
  const began = performance.now();
  return scope(() => {
    const tried = settings.lr === null ? sweep(train, classes, settings) : [];
    const best = tried.reduce((a, b) => (b.top1 > a.top1 ? b : a), tried[0] ?? { lr: settings.lr ?? 0, top1: 0 });
    const { models, curve } = fit(train, classes, [best.lr], settings);
    const metrics = judge(scores(models[0]!, val.x), val.labels, classes);
    return { ...metrics, lr: best.lr, tried, curve, seconds: (performance.now() - began) / 1000 };
  });
}

/** Accuracy of each rate on held-out tenths of `train`: of one where it is large, of up to ten where one would be all noise. */
function sweep(train: Features, classes: number, settings: ProbeSettings): { lr: number; top1: number }[] {
  const right = LEARNING_RATES.map(() => 0);
  let [checked, round] = [0, 0];
  for (; round < 10 && checked < 1000; round++) {
    scope(() => {
      const [fitted, held] = stratified(train.labels, 0.1, settings.seed, round);
      const [part, check] = [pick(train, fitted), pick(train, held)];
      checked += held.length;
      for (const [i, model] of fit(part, classes, LEARNING_RATES, settings).models.entries()) {
        right[i]! += held.length * topK(scores(model, check.x), check.labels, classes, 1);
      }
    });
  }
  return LEARNING_RATES.map((lr, i) => ({ lr, top1: right[i]! / Math.max(1, checked) }));
}

/**
 * Softmax regression by SGD, one model a learning rate, all on the same batches and in the same products.
 * The gradient is in closed form: for logits Z = XW + b and P = softmax(Z), ∂L/∂W = Xᵀ(P − Y)/B + λW, ∂L/∂b = mean(P − Y).
 */
export function fit(
  { x, labels }: Features,
  classes: number,
  rates: readonly number[],
  { epochs, batch, momentum, weight_decay, seed }: ProbeSettings,
): { models: Linear[]; curve: { epoch: number; loss: number }[] } {
  return noGrad(() =>
    scope(() => {
      const [count, dim] = x.shape as [number, number];
      const { device } = x;
      const models = rates.length;
      const mean = x.mean([0]);
      const scale = x.var([0], { correction: 0 }).add(1e-6).rsqrt();
      const inputs = x.sub(mean).mul(scale);
      const targets = fromTypedArray(labels).to({ device, dtype: "int64" }).oneHot(classes).to({ dtype: "float32" });
      const weight = zeros([dim, models * classes], { device });
      const bias = zeros([models * classes], { device });
      const [velocityW, velocityB] = [weight.zerosLike(), bias.zerosLike()];
      const rate = fromTypedArray(Float32Array.from(rates)).to({ device }).repeatInterleave(classes);
      const steps = epochs * Math.ceil(count / batch);
      const curve: { epoch: number; loss: number }[] = [];
      for (let epoch = 0, step = 0; epoch < epochs; epoch++) {
        scope(() => {
          const order = fromTypedArray(Int32Array.from(shuffle(count, seed, epoch))).to({ device });
          const total = zeros([], { device });
          for (let at = 0; at < count; at += batch, step++) {
            const factor = 0.5 * (1 + Math.cos((Math.PI * step) / steps));
            scope(() => {
              const rows = order.narrow(0, at, Math.min(batch, count - at));
              const [input, target] = [inputs.indexSelect(0, rows), targets.indexSelect(0, rows).unsqueeze(1)];
              const size = input.shape[0]!;
              const log = bias.addmm(input, weight).view([size, models, classes]).logSoftmax(2);
              total.sub_(log.mul(target).sum());
              const error = log
                .exp()
                .sub(target)
                .div(size)
                .view([size, models * classes]);
              velocityW.mul_(momentum).add_(input.t().mm(error)).add_(weight, { alpha: weight_decay });
              velocityB.mul_(momentum).add_(error.sum([0]));
              const pace = rate.mul(factor);
              weight.sub_(velocityW.mul(pace));
              bias.sub_(velocityB.mul(pace));
            });
          }
          curve.push({ epoch: epoch + 1, loss: total.item() / (count * models) });
        });
      }
      return {
        curve,
        models: rates.map((_, i) => ({
          mean,
          scale,
          weight: weight.narrow(1, i * classes, classes).clone(),
          bias: bias.narrow(0, i * classes, classes).clone(),
        })),
      };
    }),
  );
}

/** Scores `[N · C]`, row-major. */
export function scores({ mean, scale, weight, bias }: Linear, x: Tensor): Float32Array {
  return noGrad(() =>
    scope(() => bias.addmm(x.sub(mean).mul(scale), weight).to({ device: "cpu" }).toArray() as Float32Array),
  );
}

/** The features of some images. */
export function pick({ x, labels }: Features, indices: number[]): Features {
  return scope(() => ({
    x: x.indexSelect(0, fromTypedArray(Int32Array.from(indices)).to({ device: x.device })),
    labels: Int32Array.from(indices, (i) => labels[i]!),
  }));
}
