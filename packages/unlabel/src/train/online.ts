// The online probe: a linear classifier that learns beside the encoder, from features that the training step computed anyway.
// It sees them detached and draws no random numbers, so the encoder's training is the same with and without it.
import { fromTypedArrays, noGrad, scope, stack, type Tensor, zeros } from "@unlabel/torch";

const RATE = 0.01;
const MOMENTUM = 0.9;
/** The running accuracy forgets with this many features. */
const MEMORY = 2000;

/** Softmax regression by SGD with momentum on features that each batch standardises by its own mean and variance. */
export class OnlineProbe {
  readonly #labels: Int32Array;
  readonly #classes: number;
  readonly #device: string;
  readonly #state: { weight: Tensor; bias: Tensor; weight_velocity: Tensor; bias_velocity: Tensor; top1: Tensor };

  /** @param labels of the images that a batch's indices count; −1 for those without */
  constructor(labels: Int32Array, classes: number, dim: number, device: string) {
    this.#labels = labels;
    this.#classes = classes;
    this.#device = device;
    const state = (...shape: number[]) => zeros(shape, { device });
    this.#state = {
      weight: state(dim, classes),
      bias: state(classes),
      weight_velocity: state(dim, classes),
      bias_velocity: state(classes),
      // Share of right answers, and the weight of what it is a share of.
      top1: state(2),
    };
  }

  /**
   * Predicts a batch, counts what was right, and only then learns from it.
   *
   * @param features `[count·B, d]`, view-major
   * @param indices of the batch's images
   * @returns the running accuracy on training batches, each before it was learnt from; 0-dimensional
   */
  learn(features: Tensor, indices: Int32Array): Tensor {
    return noGrad(() =>
      scope(() => {
        const { weight, bias, weight_velocity, bias_velocity, top1 } = this.#state;
        const labels = Int32Array.from(indices, (index) => this.#labels[index]!);
        const views = features.shape[0]! / labels.length;
        const all = Int32Array.from({ length: views * labels.length }, (_, i) => labels[i % labels.length]!);
        const rows = Int32Array.from(all.keys()).filter((i) => all[i]! >= 0);
        if (rows.length > 0) {
          const sent = [{ data: rows }, { data: BigInt64Array.from([...rows], (i) => BigInt(all[i]!)) }];
          const [places, target] = fromTypedArrays(sent, this.#device) as [Tensor, Tensor];
          const x = standardised(features.detach().to({ dtype: "float32" })).indexSelect(0, places);
          const logits = bias.addmm(x, weight);
          const right = logits.argmax(1).eq(target).to({ dtype: "float32" }).mean();
          const share = Math.min(1, rows.length / MEMORY);
          top1.mul_(1 - share).add_(stack([right, right.onesLike()]).mul(share));
          const error = logits.softmax(1).sub(target.oneHot(this.#classes)).div(rows.length);
          weight_velocity.mul_(MOMENTUM).add_(x.t().mm(error));
          bias_velocity.mul_(MOMENTUM).add_(error.sum([0]));
          weight.sub_(weight_velocity.mul(RATE));
          bias.sub_(bias_velocity.mul(RATE));
        }
        return top1.select(0, 0).div(top1.select(0, 1).clamp(1e-12));
      }),
    );
  }

  /** What a checkpoint keeps. */
  stateDict(): Record<string, Tensor> {
    return { ...this.#state };
  }

  loadStateDict(saved: Record<string, Tensor>): void {
    noGrad(() => {
      for (const [name, tensor] of Object.entries(this.#state)) {
        const found = saved[name];
        if (found && String(found.shape) === String(tensor.shape)) tensor.copy_(found);
      }
    });
  }

  dispose(): void {
    for (const tensor of Object.values(this.#state)) tensor.dispose();
  }
}

function standardised(x: Tensor): Tensor {
  return x.sub(x.mean([0])).mul(x.var([0], { correction: 0 }).add(1e-6).rsqrt());
}
