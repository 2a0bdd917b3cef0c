// One training step: loss, gradients, update. Everything made on the way is freed, and the host waits for the device once.
import { _foreachNorm, cat, noGrad, optim, recordFunction, scope, stack, type Tensor } from "@unlabel/torch";
import type { Method } from "../methods/method.ts";
import { gradients } from "./micro-batches.ts";

export interface StepOptions {
  method: Method;
  optimizer: optim.Optimizer;
  views: readonly Tensor[];
  /** This step's number, from 1. */
  step: number;
  device: string;
  precision: "fp32" | "bf16";
  /** Images in the network at once; null for the whole batch. */
  microBatch?: number | null;
  /** Whether activations of blocks are computed again instead of being kept. */
  recompute?: boolean;
  /** Largest norm of all gradients together; null for no limit. */
  clip: number | null;
}

export interface StepOutcome {
  loss: number;
  /** Norm of all gradients together, before clipping. */
  gradNorm: number;
  /** The method's own scalars. */
  logs: Record<string, number>;
}

/** Trains on one batch. */
export function trainStep(options: StepOptions): StepOutcome {
  const { method, optimizer, views, step, device, precision, clip, microBatch = null, recompute } = options;
  return scope(() => {
    const here = views.map((view) => view.to({ device, nonBlocking: true }));
    const { loss, logs } = gradients({
      method,
      views: here,
      microBatch,
      recompute: recompute === true,
      device,
      precision,
    });
    const norm = recordFunction("optimizer", () => {
      const found = clip === null ? gradientNorm(method.parameters()) : optim.clipGradNorm(method.parameters(), clip);
      optimizer.step();
      method.afterStep(step);
      method.zeroGrad();
      return found;
    });
    const names = Object.keys(logs);
    const [lossNow, gradNorm, ...rest] = numbers([loss, norm, ...Object.values(logs)]);
    return { loss: lossNow!, gradNorm: gradNorm!, logs: Object.fromEntries(names.map((name, i) => [name, rest[i]!])) };
  });
}

/** The 2-norm of all gradients together, left on the device. */
function gradientNorm(parameters: Tensor[]): Tensor {
  const gradients = parameters.flatMap((parameter) => parameter.grad ?? []);
  return noGrad(() => stack(_foreachNorm(gradients)).linalgVectorNorm());
}

/** The values of several scalars, read from the device at once. */
function numbers(scalars: Tensor[]): number[] {
  return cat(scalars.map((scalar) => scalar.detach().to({ dtype: "float32" }).reshape([1]))).toNumbers();
}

/**
 * Checks a batch against what the method asked for.
 *
 * @throws {Error} where the loader gives anything else: a defect, not the user's doing
 */
export function checkShapes(views: readonly Tensor[], method: Method, batch: number): void {
  const expected = method.views.map(({ count, size }) => `[${count * batch}, 3, ${size}, ${size}]`).join(", ");
  const found = views.map((view) => `[${view.shape.join(", ")}]`).join(", ");
  if (found !== expected) throw new Error(`Expected views of shape ${expected} from the loader, got ${found}`);
}
