// DINO's loss (arXiv:2104.14294): a student's answers to all views of an image should be a teacher's to its whole views, which are centred
// and sharpened. iBOT asks the same of patches.
import { noGrad, scope, type Tensor, TorchError } from "@unlabel/torch";
import type { LossOutput } from "../method.ts";
import { inFloat32 } from "./precise.ts";
import { inUse } from "./spread.ts";

/** How {@link dino} works. */
export interface DinoOptions {
  /** Temperature of the teacher, above 0: lower than the student's, so that its answers are sharper. */
  teacherTemp: number;
  /** Temperature of the student, above 0; default 0.1. */
  studentTemp?: number;
  /** What is taken off the teacher's outputs, `[K]`. */
  centre: Tensor;
}

/**
 * `mean over whole views g, and over views v other than g, of −Σₖ softmax((t_g − c)/τ_t)·log softmax(s_v/τ_s)`, averaged over images. No gradient
 * reaches the teacher. Computed in float32 (or float64), also under autocast.
 *
 * @param student outputs `[V·N, K]`, view-major, whole views first
 * @param teacher outputs `[G·N, K]` of the G whole views
 * @param images N
 * @returns the loss, and as logs `teacher_entropy` (of one answer on average, 0 to ln K) and `outputs_in_use` (1 to K: the exponential of the
 *   entropy of the teacher's mean answer)
 * @throws {TorchError} for other shapes, or where there is no view to compare
 */
export function dino(student: Tensor, teacher: Tensor, images: number, options: DinoOptions): LossOutput {
  const [views, whole] = [(student.shape[0] ?? 0) / images, (teacher.shape[0] ?? 0) / images];
  const [, outputs = 0] = student.shape;
  const fits = student.ndim === 2 && teacher.ndim === 2 && teacher.shape[1] === outputs;
  if (!fits || !Number.isInteger(views) || !Number.isInteger(whole) || whole < 1 || views < 2 || whole > views) {
    const got = [student, teacher].map(({ shape }) => `[${shape.join(", ")}]`).join(" and ");
    throw new TorchError(`Expected outputs [V·${images}, K] and [G·${images}, K], G ≤ V and V ≥ 2, got ${got}`, "dino");
  }
  const { studentTemp = 0.1 } = options;
  return inFloat32([student, teacher.detach(), options.centre], (s, t, centre) => {
    const answers = teacherAnswers(t, centre, options.teacherTemp).reshape([whole, images, outputs]);
    const predicted = s.div(studentTemp).logSoftmax(1).reshape([views, images, outputs]);
    // All pairs at once: of each whole view with the sum over the views, less its own.
    const others = predicted.sum([0], true).sub(predicted.narrow(0, 0, whole));
    const loss = answers
      .mul(others)
      .sum()
      .div(-whole * (views - 1) * images);
    return { loss, logs: answerLogs(answers.reshape([whole * images, outputs])) };
  });
}

/**
 * The same of patches that a student does not see (iBOT, arXiv:2111.07832): `Σ weights·(−Σₖ softmax((t − c)/τ_t)·log softmax(s/τ_s)) / views`. No
 * gradient reaches the teacher. Computed in float32 (or float64), also under autocast.
 *
 * @param student outputs `[M, K]` of the hidden patches
 * @param teacher outputs `[M, K]` of the same
 * @param weights `[M]`: one over how many a patch's view hides
 * @param views over how many views it is the mean, those among them that hide nothing
 * @returns a scalar
 * @throws {TorchError} for other shapes
 */
export function dinoPatches(
  student: Tensor,
  teacher: Tensor,
  weights: Tensor,
  views: number,
  { studentTemp = 0.1, teacherTemp, centre }: DinoOptions,
): Tensor {
  if (student.ndim !== 2 || String(teacher.shape) !== String(student.shape) || weights.numel !== student.shape[0]) {
    const got = [student, teacher, weights].map(({ shape }) => `[${shape.join(", ")}]`).join(", ");
    throw new TorchError(`Expected outputs [M, K] twice and weights [M], got ${got}`, "dinoPatches");
  }
  return inFloat32([student, teacher.detach(), centre, weights], (s, t, c, w) =>
    teacherAnswers(t, c, teacherTemp).mul(s.div(studentTemp).logSoftmax(1)).sum([1]).mul(w).sum().div(-views),
  );
}

/** `softmax((t − c)/τ)` of a teacher's outputs, without gradient: `[N, K]` → `[N, K]`. */
function teacherAnswers(outputs: Tensor, centre: Tensor, temperature: number): Tensor {
  return noGrad(() => scope(() => outputs.sub(centre).div(temperature).softmax(1)));
}

/** How sure a teacher is of one answer, and over how many it spreads: see {@link dino}. */
function answerLogs(answers: Tensor): Record<string, Tensor> {
  return noGrad(() =>
    scope(() => ({
      teacher_entropy: answers.mul(answers.clamp(1e-12).log()).sum([1]).mean().neg(),
      outputs_in_use: inUse(answers.mean([0])),
    })),
  );
}
