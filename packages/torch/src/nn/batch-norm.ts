// BatchNorm1d, BatchNorm2d (arXiv:1502.03167): normalises each channel over the batch.
import { noGrad } from "../autograd.ts";
import { tensor } from "../create.ts";
import { guarded, TorchError } from "../errors.ts";
import { handleOf, scope } from "../handle.ts";
import { native } from "../native.ts";
import { batchNorm, batchNormRelu, ones, zeros } from "../ops.generated.ts";
import { getWorldSize, isInitialized } from "../process-group.ts";
import { Tensor } from "../tensor.ts";
import { buffer, Module, parameter } from "./module.ts";
import { whole } from "./sizes.ts";

/** Options of batch normalisation. */
export interface BatchNormOptions {
  /** Added to the variance; default 1e-5. */
  eps?: number;
  /** How far running statistics move to each batch's own, 0 to 1; default 0.1. */
  momentum?: number;
  /** Learn a scale and a shift; default true. */
  affine?: boolean;
  /** Keep running statistics for `eval()`; default true. Without them the batch's own are always used. */
  trackRunningStats?: boolean;
}

/** `y = (x − mean) / √(var + eps) · weight + bias`, each of shape `[C]`; PyTorch's names in the state dict. */
abstract class BatchNorm extends Module {
  /** Scale, `[C]`; null without `affine`. */
  weight: Tensor | null;
  /** Shift, `[C]`; null without `affine`. */
  bias: Tensor | null;
  /** Running mean, `[C]`; null without `trackRunningStats`. */
  running_mean: Tensor | null;
  /** Running unbiased variance, `[C]`; null without `trackRunningStats`. */
  running_var: Tensor | null;
  /** Batches seen in training, an int64 scalar; on the CPU whatever the device, where counting is no kernel a layer. */
  num_batches_tracked: Tensor | null;
  /** Added to the variance. */
  readonly eps: number;
  /** How far running statistics move to each batch's own, 0 to 1. */
  readonly momentum: number;
  /** Whether, in training, values of all ranks of the process group are normalised together: see {@link syncBatchNorm}. */
  sync = false;

  constructor(features: number, options: BatchNormOptions = {}) {
    super();
    const { eps = 1e-5, momentum = 0.1, affine = true, trackRunningStats = true } = options;
    whole(features, "features", this.constructor.name);
    this.eps = eps;
    this.momentum = momentum;
    this.weight = affine ? parameter(ones([features])) : null;
    this.bias = affine ? parameter(zeros([features])) : null;
    this.running_mean = trackRunningStats ? buffer(zeros([features])) : null;
    this.running_var = trackRunningStats ? buffer(ones([features])) : null;
    this.num_batches_tracked = trackRunningStats
      ? buffer(tensor(0, { dtype: "int64", device: "cpu" }), { host: true })
      : null;
  }

  protected override ownRunningBuffers(): readonly Tensor[] {
    return [this.running_mean, this.running_var, this.num_batches_tracked].filter((buffer) => buffer !== null);
  }

  /** @throws {TorchError} for an input of another rank, or one value a channel in training */
  protected abstract check(shape: readonly number[]): void;

  override forward(x: Tensor): Tensor {
    const ownStatistics = this.begin(x.shape);
    if (this.sync && this.training && isInitialized()) return this.overRanks(x);
    return batchNorm(
      x,
      this.weight,
      this.bias,
      this.running_mean,
      this.running_var,
      ownStatistics,
      this.momentum,
      this.eps,
      true,
    );
  }

  private overRanks(x: Tensor): Tensor {
    const handle = (tensor: Tensor | null) => tensor && handleOf(tensor, "tensor", "BatchNorm");
    const [weight, bias] = [handle(this.weight), handle(this.bias)];
    const running = [handle(this.running_mean), handle(this.running_var)];
    const { momentum, eps } = this;
    return Tensor.fromHandle(
      guarded("BatchNorm", () =>
        native.syncBatchNorm(handleOf(x, "x", "BatchNorm"), weight, bias, running[0]!, running[1]!, momentum, eps),
      ),
    );
  }

  /** Checks an input's shape and counts it. @returns whether its own statistics are used */
  protected begin(shape: readonly number[]): boolean {
    this.check(shape);
    const own = this.training || this.running_mean === null;
    // Of several ranks each may have one.
    const isAlone = !(this.sync && isInitialized() && getWorldSize() > 1);
    if (own && isAlone && shape.reduce((product, size) => product * size, 1) === shape[1]) {
      throw new TorchError(
        `Expected more than one value a channel in training, got [${shape.join(", ")}]`,
        this.constructor.name,
      );
    }
    if (this.training) noGrad(() => this.num_batches_tracked?.add_(1));
    return own;
  }
}

/**
 * Lets all batch normalisation within a module work on the batches of all ranks together, forward and backward, as PyTorch's
 * `SyncBatchNorm.convert_sync_batchnorm`; all ranks must then call it with as many values of the same dtype. Nothing changes where there is
 * no process group.
 *
 * @param on false undoes it
 * @returns how many layers it concerns
 */
export function syncBatchNorm(module: Module<never, unknown>, on = true): number {
  const layers = [...module.modules()].filter((each) => each instanceof BatchNorm);
  for (const layer of layers) layer.sync = on;
  return layers.length;
}

/** Batch normalisation of features: `[B, C]` or `[B, C, L]`. */
export class BatchNorm1d extends BatchNorm {
  protected override check(shape: readonly number[]): void {
    if (shape.length !== 2 && shape.length !== 3) refuse("[B, C] or [B, C, L]", shape, "BatchNorm1d");
  }
}

/** Batch normalisation of images: `[B, C, H, W]`. */
export class BatchNorm2d extends BatchNorm {
  protected override check(shape: readonly number[]): void {
    if (shape.length !== 4) refuse("[B, C, H, W]", shape, "BatchNorm2d");
  }

  /**
   * `max(y + shortcut, 0)` of the normalised maps `y`; a shortcut has the shape of `x`. In training on the CPU, and with maps in
   * channels-last layout, one operator does it in fewer passes over memory; its results differ in rounding only.
   */
  relu(x: Tensor, shortcut?: Tensor): Tensor {
    if (!this.fuses(x, shortcut)) {
      return scope(() => {
        const own = x.device === "cpu" && this.training && !(this.sync && isInitialized());
        const y = own ? this.apart(x) : this.forward(x);
        return (shortcut ? y.add_(shortcut) : y).relu_();
      });
    }
    this.begin(x.shape);
    const { weight, bias, running_mean: mean, running_var: variance, momentum, eps } = this;
    return batchNormRelu(x, weight!, bias!, mean!, variance!, momentum, eps, shortcut, this.sync && isInitialized());
  }

  /**
   * The same as `forward`, which keeps running statistics for the backward pass and refuses to go back once they have changed. The fused operator
   * changes them, and which of the two a pass takes rests on its maps, so of views of several sizes each may take another: here copies are kept.
   */
  private apart(x: Tensor): Tensor {
    this.begin(x.shape);
    const { weight, bias, running_mean: mean, running_var: variance, momentum, eps } = this;
    const [m, v] = [mean?.clone() ?? null, variance?.clone() ?? null];
    const y = batchNorm(x, weight, bias, m, v, true, momentum, eps, true);
    noGrad(() => {
      if (m) mean!.copy_(m);
      if (v) variance!.copy_(v);
    });
    return y;
  }

  private fuses(x: Tensor, shortcut?: Tensor): boolean {
    return (
      process.platform === "linux" &&
      this.training &&
      this.weight?.dtype === "float32" &&
      this.running_mean?.dtype === "float32" &&
      x.device === "cpu" &&
      x.numel > 0 &&
      (x.dtype === "float32" || x.dtype === "bfloat16") &&
      x.isContiguous("channels_last") &&
      (shortcut === undefined || shortcut.dtype === x.dtype)
    );
  }
}

function refuse(expected: string, shape: readonly number[], op: string): never {
  throw new TorchError(`Expected an input of shape ${expected}, got [${shape.join(", ")}]`, op);
}
