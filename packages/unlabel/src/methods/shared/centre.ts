// The centre of a teacher's outputs (DINO, arXiv:2104.14294, section 3.1), which is taken off them so that no output wins for all images.
// Deliberate difference: it begins as the mean of the first step, not as zero, so that the first steps already ask what a later one would.
import { keep, nn, noGrad, scope, type Tensor, zeros } from "@unlabel/torch";
import type { Progress } from "../method.ts";
import { meanOverRanks } from "./over-ranks.ts";

/** A running mean of outputs: `c ← m·c + (1 − m)·mean of the step`, and in the first step that mean itself. */
export class Centre extends nn.Module<[mean: Tensor, progress: Pick<Progress, "step">, rows?: number], Tensor> {
  /** `[K]`, float32, without gradient. */
  value: Tensor;
  readonly #momentum: number;
  /** Sum of the means that the parts of a step had, each times its rows, and these rows. */
  #seen: { step: number; sum: Tensor; rows: number } | null = null;

  /**
   * @param size K
   * @param momentum m, from 0 to 1
   */
  constructor(size: number, momentum: number) {
    super();
    this.value = nn.buffer(zeros([size]));
    this.#momentum = momentum;
  }

  /**
   * The centre to take off a step's outputs, and notes their mean for {@link move}. Called once for each part of a step; in the first step
   * each part is centred by itself, with those of all ranks.
   *
   * @param mean of the part's outputs, `[K]`, without gradient
   * @param progress of the step that they belong to
   * @param rows how many outputs it is the mean of; default 1
   */
  override forward(mean: Tensor, { step }: Pick<Progress, "step">, rows = 1): Tensor {
    const own = meanOverRanks(mean.detach().to({ dtype: "float32" }));
    this.#note(own, step, rows);
    return step === 1 ? own : this.value;
  }

  /** Moves the centre towards the mean of what was noted since the last step; nothing where nothing was. */
  move(): void {
    const seen = this.#seen;
    if (!seen) return;
    scope(() =>
      noGrad(() => {
        const mean = seen.sum.div(seen.rows);
        this.value.lerp_(mean, seen.step === 1 ? 1 : 1 - this.#momentum);
      }),
    );
    this.#forget();
  }

  #note(mean: Tensor, step: number, rows: number): void {
    // A step that was not finished counts for nothing.
    if (this.#seen?.step !== step) this.#forget();
    const weighed = scope(() => noGrad(() => mean.mul(rows)));
    if (this.#seen) {
      noGrad(() => this.#seen!.sum.add_(weighed));
      this.#seen.rows += rows;
    } else {
      this.#seen = { step, sum: keep(weighed), rows };
    }
  }

  #forget(): void {
    this.#seen?.sum.dispose();
    this.#seen = null;
  }
}
