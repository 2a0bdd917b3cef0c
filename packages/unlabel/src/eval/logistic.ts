// Softmax regression to its optimum by L-BFGS (Liu and Nocedal, 1989): for features where a learning rate would be one setting too
// many. The loss is convex, so that backtracking alone gives steps of positive curvature.
import { fromTypedArray, noGrad, scope, type Tensor, zeros } from "@unlabel/torch";
import type { Curve } from "../run/evaluations.ts";

export interface Logistic {
  /** `[D, C]`. */
  weight: Tensor;
  /** `[C]`. */
  bias: Tensor;
}

export interface LogisticOptions {
  /** λ of the penalty λ/2·|W|² beside the mean loss; the bias is free. scikit-learn's C is 1 / (λN). */
  weight_decay: number;
  /** At most. */
  iterations: number;
  /** Where to begin; by default at zero. */
  start?: Logistic | undefined;
  /** Called after each iteration. */
  onIteration?: () => void;
}

const HISTORY = 10;
/** Where the largest slope is this small, accuracy no longer changes. */
const FLAT = 1e-5;

/**
 * Fits scores `X·W + b` to labels by least mean cross-entropy.
 *
 * @param inputs float32 `[N, D]`, best standardised
 * @param labels `[N]`
 * @returns the fit, and the loss without penalty after each iteration
 */
export function logistic(
  inputs: Tensor,
  labels: Int32Array,
  classes: number,
  { weight_decay, iterations, start, onIteration }: LogisticOptions,
): Logistic & { curve: Curve } {
  const [count, dim] = inputs.shape as [number, number];
  const { device } = inputs;
  return noGrad(() =>
    scope(() => {
      const targets = fromTypedArray(labels).to({ device, dtype: "int64" }).oneHot(classes).to({ dtype: "float32" });
      // Weights and bias are the rows of one matrix [D + 1, C], and so one vector to the minimiser.
      const at = zeros([dim + 1, classes], { device });
      if (start) {
        at.narrow(0, 0, dim).copy_(start.weight);
        at.select(0, dim).copy_(start.bias);
      }
      const look = (point: Tensor): Look =>
        scope(() => {
          const [weight, bias] = [point.narrow(0, 0, dim), point.select(0, dim)];
          const log = bias.addmm(inputs, weight).logSoftmax(1);
          const fit = -log.mul(targets).sum().item() / count;
          const error = log.exp().sub(targets).div(count);
          const slope = zeros([dim + 1, classes], { device });
          slope.narrow(0, 0, dim).copy_(inputs.t().mm(error).add(weight, { alpha: weight_decay }));
          slope.select(0, dim).copy_(error.sum([0]));
          return { fit, loss: fit + 0.5 * weight_decay * weight.square().sum().item(), slope };
        });
      const curve = descend(at, look, iterations, onIteration);
      return { weight: at.narrow(0, 0, dim).clone(), bias: at.select(0, dim).clone(), curve };
    }),
  );
}

interface Look {
  /** Without the penalty, and with it. */
  fit: number;
  loss: number;
  slope: Tensor;
}

/** Moves `at` downhill in place. */
function descend(at: Tensor, look: (point: Tensor) => Look, iterations: number, onIteration = () => {}): Curve {
  const curve: Curve = [];
  const steps: { moved: Tensor; bent: Tensor; rho: number }[] = [];
  let here = look(at);
  for (let epoch = 1; epoch <= iterations && here.slope.abs().amax().item() > FLAT; epoch++) {
    const direction = scope(() => towards(here.slope, steps));
    const descent = dot(direction, here.slope);
    // The first direction has the slope's own length, which says nothing of how far to go.
    let length = steps.length === 0 ? Math.min(1, 1 / Math.sqrt(-descent)) : 1;
    let next: { point: Tensor; look: Look } | null = null;
    for (let attempt = 0; attempt < 20 && !next; attempt++, length /= 2) {
      const point = at.add(direction, { alpha: length });
      const found = look(point);
      // A step so short that nothing moves gains as much as it is asked to, in numbers of so few digits.
      const gains = found.loss < here.loss && found.loss <= here.loss + 1e-4 * length * descent;
      if (gains) next = { point, look: found };
      else for (const tensor of [point, found.slope]) tensor.dispose();
    }
    direction.dispose();
    // No step goes down any more: what is left is rounding.
    if (!next) break;
    const moved = next.point.sub(at);
    const bent = next.look.slope.sub(here.slope);
    const curvature = dot(moved, bent);
    if (curvature > 0) steps.push({ moved, bent, rho: 1 / curvature });
    if (steps.length > HISTORY) {
      const oldest = steps.shift()!;
      oldest.moved.dispose();
      oldest.bent.dispose();
    }
    at.copy_(next.point);
    next.point.dispose();
    here.slope.dispose();
    here = next.look;
    curve.push({ epoch, loss: here.fit });
    onIteration();
  }
  return curve;
}

/** −H·slope, with H built from the last steps (two-loop recursion). */
function towards(slope: Tensor, steps: readonly { moved: Tensor; bent: Tensor; rho: number }[]): Tensor {
  const q = slope.neg();
  const pulls = steps.toReversed().map(({ moved, bent, rho }) => {
    const pull = rho * dot(moved, q);
    q.sub_(bent.mul(pull));
    return pull;
  });
  const last = steps.at(-1);
  if (last) q.mul_(1 / (last.rho * dot(last.bent, last.bent)));
  for (const [i, { moved, bent, rho }] of steps.entries()) {
    q.add_(moved.mul(pulls[steps.length - 1 - i]! - rho * dot(bent, q)));
  }
  return q;
}

function dot(a: Tensor, b: Tensor): number {
  return scope(() => a.mul(b).sum().item());
}
