// Method: what distinguishes one way of learning without labels from another. Never the loop, the optimizer or the files.
import { nn, type Tensor } from "@unlabel/torch";
import type { Draws } from "../base/draws.ts";
import type { ViewSpec } from "../data/views.ts";
import type { Encoder } from "../encoders/encoder.ts";

/** How far a training has come. */
export interface Progress {
  /** The step's number, from 1. */
  step: number;
  /** Steps in all. */
  total: number;
  /** The epoch's number, from 1. */
  epoch: number;
}

/** Progress, and the random numbers of the images at hand. */
export interface StepProgress extends Progress {
  /** Random numbers of the images at hand. */
  draws: Draws;
  /** Which of the training images these are, by their numbers, in the order of a view; undefined where nobody knows. */
  images?: Int32Array | undefined;
}

/** What a method wants to know of a step in numbers: it is read with the loss, since to read by itself would be to wait for the device. */
export interface Reading {
  /** Of whatever shape; it is read as float32, row by row. */
  values: Tensor;
  /** Called with the numbers when the step is over. */
  take(values: Float32Array): void;
}

/** What a method makes of a batch. */
export interface LossOutput {
  /** Scalar, float32 whatever the precision around it. */
  loss: Tensor;
  /** Further scalars worth a curve, without gradients. */
  logs: Record<string, Tensor>;
  /** What the encoder gave for the loss, detached, `[views·B, dim]`, view-major; left out where there is no such thing. */
  features?: Tensor;
  /** What the method wants to know in numbers; left out where it needs nothing. */
  readings?: readonly Reading[];
}

/** Parameters that are trained otherwise than the rest. */
export interface ParameterGroup {
  /** The parameters, each in one group at most. */
  params: readonly Tensor[];
  /** Factor on the schedule's learning rate; default 1. */
  lrFactor?: number;
  /** Whether the rate stays at the schedule's highest, without warm-up or decay (SimSiam's predictor); default false. */
  constantLr?: boolean;
  /** Instead of the config's; biases and norm scales have none where `exclude_norm_bias` says so. */
  weightDecay?: number;
}

/** Pictures of what a masked method learnt, each uint8 `[N, C, S, S]`. */
export interface Pictures {
  /** The images as they were. */
  original: Tensor;
  /** Hidden patches in the mean colour. */
  masked: Tensor;
  /** Visible patches as they are, hidden ones as predicted. */
  reconstructed: Tensor;
}

/**
 * Encoder, heads and loss; the state dict is what a checkpoint holds. What is trained has `requiresGrad`; a momentum copy of the
 * encoder or a queue is a field without it, moved in `afterStep`. Numbers drawn in a step come from `progress.draws`, so that
 * micro-batches, recomputation and several ranks draw the same.
 */
export abstract class Method extends nn.Module<[views: readonly Tensor[], progress: StepProgress], LossOutput> {
  /** What pretraining is for; all else is dropped when it is over. */
  abstract readonly encoder: Encoder;
  /** What `--method` calls it; set where it is created. */
  name = "";
  /** The views of an image that `loss` takes, as its definition has them for the config; set where it is created. */
  views: readonly ViewSpec[] = [];
  /** Loss at random guessing; null where that depends on data not seen yet, or is not known. */
  abstract readonly chance: number | null;
  /** The least that the loss can reach; null where none is known. */
  abstract readonly floor: number | null;

  /**
   * The loss of one batch.
   *
   * @param views one tensor a view spec, float32 `[count·B, C, S, S]`, view-major: all first views, then all second ones
   */
  abstract loss(views: readonly Tensor[], progress: StepProgress): LossOutput;

  /**
   * The two halves of a loss that sets the images of a batch against each other, so that they can go through the network in
   * parts (train/micro-batches.ts): embeddings `[views·B, D]`, view-major, and their loss. Left out where `loss` is a mean
   * over images, and where there are no such halves.
   */
  embed?(views: readonly Tensor[], progress: StepProgress): Tensor;
  /** The loss of `embed`'s embeddings, of a whole batch. */
  contrast?(embeddings: Tensor, progress: StepProgress): LossOutput;

  /**
   * Parameters whose learning rate or weight decay differ from the rest, always the same ones in the same order; asked before
   * every step, so that both can follow the progress. What is in no group is trained as the config says.
   */
  groups?(progress: Progress): ParameterGroup[];

  /**
   * Whether `loss` itself sees to it that what it compares across images comes from all ranks, by `distributed.gatherRows`. A method with
   * `embed` and `contrast` need not: its `contrast` is given the embeddings of all.
   */
  readonly gathers: boolean = false;

  /** Called when the optimizer has moved the parameters. */
  afterStep(_progress: Progress): void {}

  /** What it makes of images, the same at every call. @param images normalised as in training, `[N, C, S, S]` */
  pictures?(images: Tensor): Pictures;

  /**
   * What it makes of images of which these patches are hidden; left out where a method cannot be asked that.
   *
   * @param images normalised as in training, `[N, C, S, S]`
   * @param hidden `[N, L]`, 1 where a patch is hidden, row by row of the grid: as many in each image, at least one, and not all
   */
  fill?(images: Tensor, hidden: Tensor): Pictures;

  override forward(views: readonly Tensor[], progress: StepProgress): LossOutput {
    return this.loss(views, progress);
  }
}
