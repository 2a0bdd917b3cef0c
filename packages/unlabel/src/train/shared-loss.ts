// A loss that sets the images of a batch against each other, where ranks share the batch: each rank embeds its own images, and all compute
// the one loss of all embeddings. That is exact, forward and backward: BatchNorm before it is the ranks' own affair (sync_batchnorm).
import { distributed, nn, type Tensor } from "@unlabel/torch";
import { UsageError, UserError } from "../base/errors.ts";
import type { Config } from "../config/common.ts";
import { couplingOf } from "../methods/about.ts";
import type { LossOutput, Method, StepProgress } from "../methods/method.ts";
import { methodNamed } from "../methods/registry.ts";
import type { RankGroup } from "./rank-group.ts";

/**
 * Makes a method ready for a batch that ranks share.
 *
 * @throws {UsageError} where its loss looks across images, and cannot be given those of all ranks
 */
export function shareBatch(method: Method, config: Config, { several, worldSize }: RankGroup): void {
  if (!several) return;
  const across = couplingOf(methodNamed(config.method).about, config) === "batch";
  if (across && !method.gathers && !(method.embed && method.contrast)) {
    throw new UsageError(
      `Expected one process with ${config.method}, whose loss looks across the images of a batch and has no embed and contrast that would take those of all ranks, got ${worldSize}; start one`,
    );
  }
  nn.syncBatchNorm(method, config.sync_batchnorm ?? across);
}

/**
 * Runs `body`, in which the method's `contrast` is given the embeddings of all ranks in place of its own.
 *
 * @param images of this rank's batch
 * @throws {UserError} where the method's `loss` goes another way than through its `contrast`
 */
export function acrossRanks(
  method: Method,
  images: number,
  progress: StepProgress,
  body: () => LossOutput,
): LossOutput {
  const { contrast } = method;
  const world = distributed.getWorldSize();
  if (world === 1 || !contrast || !method.embed) return body();
  let asked = 0;
  const all: StepProgress = { ...progress, draws: progress.draws.ofBatch(images * world), images: undefined };
  const shared = (embeddings: Tensor) => {
    asked++;
    return contrast.call(method, distributed.gatherRows(embeddings, embeddings.shape[0]! / images), all);
  };
  // For this call alone: the method's own comes from its class.
  Object.defineProperty(method, "contrast", { value: shared, configurable: true });
  try {
    const found = body();
    if (asked === 1) return found;
    throw new UserError(
      `Expected the loss of method ${method.name} to call its contrast once, so that it can be given the embeddings of all ranks, got ${asked} calls; train with one process, or let loss return this.contrast(this.embed(views))`,
    );
  } finally {
    Reflect.deleteProperty(method, "contrast");
  }
}
