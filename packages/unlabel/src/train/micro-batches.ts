// A batch's loss and gradients, with only a part of its images in the network at a time. Where the loss is a mean over
// images, parts are added up; where it sets images against each other, by GradCache (arXiv:2101.06983), which is exact.
import { autocast, backward, cat, noGrad, recordFunction, scope, Tensor } from "@unlabel/torch";
import { UserError } from "../base/errors.ts";
import { withDraws } from "../encoders/draws-in-use.ts";
import { recomputing } from "../encoders/recompute.ts";
import { keepingStatistics } from "../encoders/statistics.ts";
import type { LossOutput, Method, StepProgress } from "../methods/method.ts";
import { acrossRanks } from "./shared-loss.ts";

export interface GradientOptions {
  method: Method;
  /** On the device, view-major, as the method takes them. */
  views: readonly Tensor[];
  progress: StepProgress;
  /** Images in the network at once; null for all. */
  microBatch: number | null;
  /** Keeps no activations of blocks and computes them again: see encoders/recompute.ts. */
  recompute?: boolean;
  device: string;
  precision: "fp32" | "bf16";
}

/**
 * Adds a batch's gradients to the parameters and returns its loss. With `microBatch`, memory for activations is that of so
 * many images, and loss and gradients are those of the whole batch, except that BatchNorm normalises each part by itself.
 */
export function gradients(options: GradientOptions): LossOutput {
  const { method, views, microBatch } = options;
  const batch = views[0]!.shape[0]! / method.views[0]!.count;
  if (microBatch === null || microBatch >= batch) {
    return pass(
      options,
      options.progress,
      () => acrossRanks(method, batch, options.progress, () => checked(method, method.loss(views, options.progress))),
      ({ loss }) => loss.backward(),
    );
  }
  const starts = Array.from({ length: Math.ceil(batch / microBatch) }, (_, i) => i * microBatch);
  const parts = starts.map((start) => ({ start, size: Math.min(microBatch, batch - start) }));
  return method.embed && method.contrast ? cached(options, parts, batch) : added(options, parts, batch);
}

interface Part {
  start: number;
  size: number;
}

/** Parts of a mean: each weighs as many images as it has. */
function added(options: GradientOptions, parts: Part[], batch: number): LossOutput {
  return parts
    .map((part) =>
      scope(() => {
        const share = part.size / batch;
        const progress = partOf(options, part);
        const {
          loss,
          logs,
          readings = [],
        } = pass(
          options,
          progress,
          () => options.method.loss(viewsOf(options, part), progress),
          (found) => found.loss.mul(share).backward(),
        );
        const weigh = ([name, value]: [string, Tensor]) => [name, value.detach().mul(share)];
        return { loss: loss.detach().mul(share), logs: Object.fromEntries(Object.entries(logs).map(weigh)), readings };
      }),
    )
    .reduce((sum, { loss, logs, readings }) => ({
      loss: sum.loss.add(loss),
      logs: Object.fromEntries(Object.entries(logs).map(([name, value]) => [name, sum.logs[name]!.add(value)])),
      readings: [...sum.readings, ...readings],
    }));
}

/**
 * All embeddings without gradients; the loss and its gradient for each embedding; then each part once more with gradients,
 * fed with those of its embeddings. The first pass leaves BatchNorm's running statistics as they were.
 */
function cached(options: GradientOptions, parts: Part[], batch: number): LossOutput {
  const { method } = options;
  const embed = (part: Part) => method.embed!(viewsOf(options, part), partOf(options, part));
  const embeddings = scope(() => {
    const found = keepingStatistics(method, () =>
      noGrad(() =>
        parts.map((part) =>
          scope(() =>
            rowsOf(
              forward(options, partOf(options, part), () => embed(part)),
              part.size,
            ),
          ),
        ),
      ),
    );
    return cat(found, 1).reshape([-1, found[0]!.shape[2]!]);
  }).requiresGrad_();
  const output = forward(options, options.progress, () =>
    acrossRanks(method, batch, options.progress, () => checked(method, method.contrast!(embeddings, options.progress))),
  );
  recordFunction("backward", () => output.loss.backward());
  const wanted = rowsOf(embeddings.grad!, batch);
  for (const part of parts) {
    scope(() =>
      pass(
        options,
        partOf(options, part),
        () => rowsOf(embed(part), part.size),
        (rows) => {
          const gradient = wanted.narrow(1, part.start, part.size).to({ dtype: rows.dtype });
          backward(rows, { gradient });
        },
      ),
    );
  }
  const { loss, logs, readings = [] } = output;
  return { loss: loss.detach(), logs, readings };
}

/** What a method gave, where it can be trained on. @throws {UserError} where it cannot, and what is wrong with it */
function checked(method: Method, output: LossOutput): LossOutput {
  const wrong = (expected: string, got: string) =>
    new UserError(`Expected ${expected} from the loss of method ${method.name || method.constructor.name}, got ${got}`);
  const isTensor = (value: unknown): value is Tensor => value instanceof Tensor;
  if (!isTensor(output?.loss)) throw wrong("{ loss, logs } with a tensor for loss", described(output?.loss ?? output));
  if (output.loss.numel !== 1) throw wrong("a scalar", described(output.loss));
  for (const [name, value] of Object.entries(output.logs ?? {})) {
    if (!isTensor(value) || value.numel !== 1) throw wrong(`a scalar tensor for ${name} of logs`, described(value));
  }
  return { ...output, logs: output.logs ?? {} };
}

function described(value: unknown): string {
  return value instanceof Tensor ? `[${value.shape.join(", ")}]` : value === null ? "null" : typeof value;
}

/** Forward and backward, of the images whose random numbers `progress` holds. */
function pass<T>(options: GradientOptions, progress: StepProgress, body: () => T, backwards: (found: T) => void): T {
  const back = (found: T) => recordFunction("backward", () => backwards(found));
  if (options.recompute) {
    const again = (block: () => Tensor) => forward(options, progress, block);
    return recomputing(options.method, () => forward(options, progress, body), back, again);
  }
  const found = forward(options, progress, body);
  back(found);
  return found;
}

/** Layers of the encoder draw from the same random numbers as the method, whichever pass a part is in. */
function forward<T>({ device, precision }: GradientOptions, { draws }: StepProgress, body: () => T): T {
  const cast = () => autocast({ device, enabled: precision === "bf16" }, body);
  return recordFunction("forward", () => withDraws(draws, cast));
}

/** View-major rows `[views · images, D]` as `[views, images, D]`. */
function rowsOf(x: Tensor, images: number): Tensor {
  return x.reshape([-1, images, x.shape[1]!]);
}

/** The progress with the random numbers of some of the images. */
function partOf({ progress }: GradientOptions, { start, size }: Part): StepProgress {
  const { draws, images } = progress;
  return { ...progress, draws: draws.narrow(start, size), images: images?.subarray(start, start + size) };
}

/** The views of some of the images, view-major again. */
function viewsOf({ method, views }: GradientOptions, { start, size }: Part): Tensor[] {
  return views.map((view, i) => {
    const { count } = method.views[i]!;
    const batch = view.shape[0]! / count;
    return cat(
      Array.from({ length: count }, (_, v) => view.narrow(0, v * batch + start, size)),
      0,
    );
  });
}
