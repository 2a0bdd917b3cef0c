// What ranks send each other, by torch.distributed's names. Shapes are compared before anything travels, since LibTorch's backends end the
// process where they differ.
import { describe, guarded, messageOf, TorchError } from "./errors.ts";
import { handleOf, handlesOf } from "./handle.ts";
import { native } from "./native.ts";
import { cat } from "./ops.generated.ts";
import { RankError } from "./rank-error.ts";
import { explained, joined, membership } from "./rank-store.ts";
import { Tensor } from "./tensor.ts";

/** How values of several ranks become one. */
export type ReduceOp = "sum" | "avg" | "max" | "min" | "product";

/** Options of {@link allReduce}. */
export interface ReduceOptions {
  /** Default `"sum"`. */
  op?: ReduceOp;
}

/** Something under way, to be waited for before its tensor is used. */
export interface Work {
  /** Waits until it is done. @throws {RankError} where a rank was lost, and {@link TorchError} the second time */
  wait(): void;
}

/**
 * Reduces a tensor over all ranks, in place, the same on each.
 *
 * @param tensor of the same shape and dtype on all ranks
 * @param options with `asyncOp` it returns at once, and `wait` ends it
 * @throws {TorchError} on every rank where they do not make the same call
 * @throws {RankError} where a rank is lost or does not come in time; with NCCL its watchdog may end the process first
 */
export function allReduce(tensor: Tensor, options?: ReduceOptions & { asyncOp?: false }): Tensor;
export function allReduce(tensor: Tensor, options: ReduceOptions & { asyncOp: true; compared?: boolean }): Work;
export function allReduce(
  tensor: Tensor,
  { op = "sum", asyncOp = false, compared = true }: ReduceOptions & { asyncOp?: boolean; compared?: boolean } = {},
): Tensor | Work {
  const handle = handleOf(tensor, "tensor", "allReduce");
  const number = together("allReduce", () => native.allReduce(handle, String(op), asyncOp, compared));
  if (number === undefined) return tensor;
  return { wait: () => together("allReduce", () => native.waitWork(number)) };
}

/**
 * Gives all ranks the values that one of them has, in place.
 *
 * @param options `src` is that rank, default 0
 * @throws {TorchError} on every rank where they do not make the same call
 */
export function broadcast(tensor: Tensor, { src = 0 }: { src?: number } = {}): Tensor {
  const handle = handleOf(tensor, "tensor", "broadcast");
  together("broadcast", () => native.broadcast(handle, src, true));
  return tensor;
}

/**
 * All ranks' tensors one after the other, `[n, …]` → `[ranks · n, …]`. The gradient of each rank's own is the sum of all ranks' gradients of
 * it, as in `torch.distributed.nn.functional.all_gather`; all ranks must then call `backward`.
 *
 * @param tensor of one axis or more, of the same shape and dtype on all ranks
 * @throws {TorchError} on every rank where they do not make the same call
 */
export function allGatherIntoTensor(tensor: Tensor): Tensor {
  const handle = handleOf(tensor, "tensor", "allGatherIntoTensor");
  return Tensor.fromHandle(together("allGatherIntoTensor", () => native.allGather(handle)));
}

/** As {@link allGatherIntoTensor}, a tensor a rank: `[n, …]` → as many `[n, …]` as there are ranks. */
export function allGather(tensor: Tensor): Tensor[] {
  const { size } = joined("allGather");
  return allGatherIntoTensor(tensor).chunk(size, 0) as Tensor[];
}

/**
 * Reduces a tensor over all ranks and leaves each its own part of it: `[ranks · n, …]` → `[n, …]`. Without gradient.
 *
 * @throws {TorchError} where its first axis cannot be shared, and on every rank where they do not make the same call
 */
export function reduceScatterTensor(tensor: Tensor, { op = "sum" }: ReduceOptions = {}): Tensor {
  const handle = handleOf(tensor, "tensor", "reduceScatterTensor");
  return Tensor.fromHandle(together("reduceScatterTensor", () => native.reduceScatter(handle, String(op))));
}

/** As {@link reduceScatterTensor}, of a tensor `[n, …]` for each rank. */
export function reduceScatter(tensors: readonly Tensor[], options: ReduceOptions = {}): Tensor {
  const { size } = joined("reduceScatter");
  const { length } = handlesOf(tensors, "tensors", "reduceScatter");
  if (length !== size) throw new TorchError(`Expected ${size} tensors, one a rank, got ${length}`, "reduceScatter");
  const all = cat([...tensors], 0);
  try {
    return reduceScatterTensor(all, options);
  } finally {
    all.dispose();
  }
}

/** Waits until all ranks have come here, for the group's timeout at most. */
export function barrier(): void {
  together("barrier", () => native.barrier());
}

/**
 * Rows of all ranks' images in the order of one process's batch, `[views · n, …]` → `[views · ranks · n, …]`, view-major, for a loss that every
 * rank computes alike from them. The gradient of a rank's own rows is theirs in that loss, times the number of ranks: exact once gradients of
 * parameters are averaged over ranks. Alone, the tensor itself.
 *
 * @param views how many times each image is there, from 1
 * @throws {TorchError} where the rows are not so many times a number of images
 */
export function gatherRows(tensor: Tensor, views = 1): Tensor {
  const handle = handleOf(tensor, "tensor", "gatherRows");
  if (!Number.isInteger(views) || views < 1) {
    throw new TorchError(`Expected a whole number from 1 for views, got ${describe(views)}`, "gatherRows");
  }
  const gather = () => native.gatherRows(handle, views);
  return Tensor.fromHandle(membership() ? together("gatherRows", gather) : guarded("gatherRows", gather));
}

/** Runs what all ranks run together; where one is lost, all that is known of it is said. */
function together<T>(op: string, body: () => T): T {
  const { broken } = joined(op);
  if (broken !== null) throw new RankError(`${op}: the process group is broken: ${broken}`);
  try {
    return body();
  } catch (error) {
    const found = rankErrorOf(error, op);
    if (found !== error) throw found;
    throw new TorchError(messageOf(error).split("\n")[0]!, op, { cause: error });
  }
}

/**
 * The {@link RankError} that a failure within a step comes of, such as of a backward pass that exchanges statistics; the error itself where
 * other ranks have nothing to do with it. May take a few seconds, in which it is found out who was lost.
 */
export function rankErrorOf(error: unknown, op = "step"): unknown {
  if (error instanceof RankError || !membership()) return error;
  return CONNECTION.test(messageOf(error)) ? explained(op, error) : error;
}

/** A backend's words for a connection that is gone, or for a wait that was too long. */
const CONNECTION =
  /gloo\/|NCCL|ProcessGroup|onnection (was )?(closed|reset|refused)|[Tt]imed out|Broken pipe|Application timeout/;
