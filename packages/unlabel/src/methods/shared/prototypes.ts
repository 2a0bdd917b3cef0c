// Prototypes (SwAV, arXiv:2006.09882): directions that are trained, to which embeddings are assigned.
import { nn, noGrad, scope, type Tensor, TorchError } from "@unlabel/torch";
import { unit } from "./info-nce.ts";
import { inFloat32 } from "./precise.ts";

/** K directions of length 1: embeddings `[N, D]` → cosines `[N, K]`. */
export class Prototypes extends nn.Module<[embeddings: Tensor, frozen?: boolean], Tensor> {
  /** `[K, D]`, each of length 1 once {@link normalise} was called. */
  weight: Tensor;

  /** Drawn as a linear layer's weights from LibTorch's generator. */
  constructor(prototypes: number, dim: number) {
    super();
    this.weight = new nn.Linear(dim, prototypes, { bias: false }).weight;
    this.normalise();
  }

  /**
   * Cosines with embeddings of any length, computed in float32.
   *
   * @param frozen whether the prototypes get no gradient; default false
   * @throws {TorchError} for embeddings of another length
   */
  override forward(embeddings: Tensor, frozen = false): Tensor {
    const dim = this.weight.shape[1]!;
    if (embeddings.ndim !== 2 || embeddings.shape[1] !== dim) {
      throw new TorchError(`Expected embeddings [N, ${dim}], got [${embeddings.shape.join(", ")}]`, "Prototypes");
    }
    return inFloat32([embeddings, frozen ? this.weight.detach() : this.weight], (x, w) => unit(x).matmul(w.t()));
  }

  /** Puts all back on the sphere, without gradient: called when the optimizer has moved them, as in the authors' code. */
  normalise(): void {
    scope(() => noGrad(() => void this.weight.copy_(unit(this.weight))));
  }
}
