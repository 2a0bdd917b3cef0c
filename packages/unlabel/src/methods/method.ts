// Method: what distinguishes one way of learning without labels from another. Never the loop, the optimizer or the files.
import { nn, type Tensor } from "@unlabel/torch";
import type { ViewSpec } from "../data/views.ts";
import type { Encoder } from "../encoders/index.ts";

export interface LossOutput {
  /** Scalar, float32 whatever the precision around it. */
  loss: Tensor;
  /** Further scalars worth a curve, without gradients. */
  logs: Record<string, Tensor>;
  /** What the encoder gave for the loss, detached, `[count·B, dim]`, view-major; left out where there is no such thing. */
  features?: Tensor;
}

/**
 * Encoder, heads and loss; the state dict is what a checkpoint holds. A new method is one file and one line in index.ts.
 * What is trained has `requiresGrad`; a momentum copy of the encoder or a queue is a field without it, moved in `afterStep`.
 */
export abstract class Method extends nn.Module<[views: readonly Tensor[]], LossOutput> {
  abstract readonly encoder: Encoder;
  /** The views of an image that `loss` takes, one entry a size. */
  abstract readonly views: readonly ViewSpec[];
  /** Loss at random guessing; null where that depends on data not seen yet. */
  abstract readonly chance: number | null;
  /** The least that the loss can reach; null where none is known. */
  abstract readonly floor: number | null;

  /**
   * The loss of one batch.
   *
   * @param views one tensor a view spec, float32 `[count·B, 3, S, S]`, view-major: all first views, then all second ones
   */
  abstract loss(views: readonly Tensor[]): LossOutput;

  /**
   * The two halves of a loss that sets the images of a batch against each other, so that they can go through the network in
   * parts (train/micro-batches.ts): embeddings `[count·B, D]`, view-major, and their loss. Left out where `loss` is a mean
   * over images.
   */
  embed?(views: readonly Tensor[]): Tensor;
  contrast?(embeddings: Tensor): LossOutput;

  /** Called when the optimizer has moved the parameters. @param step steps done so far, from 1 */
  afterStep(_step: number): void {}

  override forward(views: readonly Tensor[]): LossOutput {
    return this.loss(views);
  }
}
