// A queue of embeddings of earlier steps (arXiv:1911.05722): what a batch is too small to hold. Its rows and its place in them belong
// to the state dict, so that a resumed run goes on with the same ones.
import { arange, nn, noGrad, randn, scope, type Tensor, TorchError, tensor } from "@unlabel/torch";
import { unit } from "./info-nce.ts";
import { inFloat32 } from "./precise.ts";

/** The newest rows of length 1, first in, first out. Begins with random directions, drawn from LibTorch's generator. */
export class Queue extends nn.Module {
  /** `[size, D]`, each of length 1, float32, without gradient. */
  rows: Tensor;
  /** Where the next row goes, from 0 to size − 1: an int64 scalar. */
  next: Tensor;

  /**
   * @param size rows, at least 1
   * @param dim D
   */
  constructor(size: number, dim: number) {
    super();
    this.rows = scope(() => nn.buffer(unit(randn([size, dim]))));
    this.next = nn.buffer(tensor(0, { dtype: "int64" }));
  }

  /** The row that is most alike to each of these, see {@link nearest}. */
  override forward(x: Tensor): Tensor {
    return this.nearest(x);
  }

  /**
   * The row with the largest cosine similarity to each of these: `[B, D]` → `[B, D]`, of length 1, without gradient.
   *
   * @throws {TorchError} for rows of another length
   */
  nearest(x: Tensor): Tensor {
    this.#check(x, "nearest");
    return scope(() =>
      noGrad(() =>
        inFloat32([x.detach()], (given) => {
          // The length of a query does not change which row is nearest.
          const alike = given.to({ dtype: "float32" }).matmul(this.rows.t());
          return this.rows.indexSelect(0, alike.argmax(1));
        }),
      ),
    );
  }

  /**
   * Puts rows in the place of the oldest ones, at length 1; of more than the queue holds, the last.
   *
   * @param x `[B, D]`
   * @throws {TorchError} for rows of another length
   */
  push(x: Tensor): void {
    this.#check(x, "push");
    scope(() =>
      noGrad(() => {
        const size = this.rows.shape[0]!;
        const [given] = x.shape as [number];
        const count = Math.min(size, given);
        const newest = unit(
          x
            .detach()
            .narrow(0, given - count, count)
            .to({ dtype: "float32" }),
        );
        // On the device: reading the place would make the host wait for it.
        const places = this.next.add(arange(0, count, 1, { dtype: "int64", device: x.device })).remainder(size);
        this.rows.indexPut_([places], newest);
        this.next.copy_(this.next.add(count).remainder(size));
      }),
    );
  }

  #check(x: Tensor, op: string): void {
    const dim = this.rows.shape[1]!;
    if (x.ndim === 2 && x.shape[1] === dim) return;
    throw new TorchError(`Expected [B, ${dim}] for a queue's rows, got [${x.shape.join(", ")}]`, op);
  }
}
