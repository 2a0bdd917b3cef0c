// One gradient of the whole batch from those of each rank's part: means over ranks, in flat float32 buckets, each sent while the next one is
// being filled. Running statistics that ranks keep apart go with them, so that all ranks stay the same to the bit.
import { _foreachCopy_, cat, distributed, noGrad, recordFunction, scope, type Tensor } from "@unlabel/torch";
import type { Method } from "../methods/method.ts";

/** Bytes of a bucket: large enough that its latency does not matter, small enough that several are under way. */
const BUCKET = 25 * 2 ** 20;

/** Shapes that all ranks are known to send, by method. */
const agreed = new WeakMap<Method, string>();

/** Puts means over ranks in the place of a method's gradients and running statistics. Alone, nothing happens. */
export function averageOverRanks(method: Method): void {
  if (distributed.getWorldSize() === 1) return;
  recordFunction("all-reduce", () =>
    noGrad(() =>
      scope(() => {
        const gradients = method.parameters().flatMap(({ grad }) => (grad ? [grad] : []));
        const statistics = [...method.runningBuffers()].filter(({ dtype }) => dtype === "float32");
        // Backward has those of the last layers first; memory does not care.
        const all = [...gradients, ...statistics];
        const signature = all.map(({ numel }) => numel).join();
        // Different sizes would end the process, so they are compared once.
        const compared = agreed.get(method) !== signature;
        const sent = buckets(all).map((tensors) => {
          const flat = cat(
            tensors.map((tensor) => asStored(tensor).reshape([-1]).to({ dtype: "float32" })),
            0,
          );
          return { flat, tensors, work: distributed.allReduce(flat, { op: "avg", asyncOp: true, compared }) };
        });
        for (const { flat, tensors, work } of sent) {
          work.wait();
          _foreachCopy_(tensors, parts(flat, tensors));
        }
        agreed.set(method, signature);
      }),
    ),
  );
}

function buckets(tensors: readonly Tensor[]): Tensor[][] {
  const found: Tensor[][] = [];
  let room = 0;
  for (const tensor of tensors) {
    const bytes = 4 * tensor.numel;
    if (found.length === 0 || bytes > room) {
      found.push([]);
      room = BUCKET;
    }
    found.at(-1)!.push(tensor);
    room -= bytes;
  }
  return found;
}

/** Kernels with their channels last, as CPUs keep them: then nothing is reordered on its way. By shape alone, so that it is so on all ranks. */
function asStored(tensor: Tensor): Tensor {
  return tensor.shape.length === 4 ? tensor.permute([0, 2, 3, 1]) : tensor;
}

/** A flat tensor as tensors of these shapes, one after the other. */
function parts(flat: Tensor, like: readonly Tensor[]): Tensor[] {
  let at = 0;
  return like.map(({ shape, numel }) => {
    const part = flat.narrow(0, at, numel);
    at += numel;
    const [out, into, height, width] = shape as [number, number, number, number];
    return shape.length === 4 ? part.view([out, height, width, into]).permute([0, 3, 1, 2]) : part.view(shape);
  });
}

/** Means over ranks of scalars of one step; alone, they themselves. @param scalars `[n]`, float32 */
export function meanOverRanks(scalars: Tensor): Tensor {
  return distributed.getWorldSize() === 1 ? scalars : distributed.allReduce(scalars, { op: "avg" });
}
