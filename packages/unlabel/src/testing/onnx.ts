// Runs ONNX files in ONNX Runtime, and holds what comes out against the engine's own.
import type { Tensor } from "@unlabel/torch";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";

export { InferenceSession, OrtTensor };

/** A session. @param model a file's path, or its bytes */
export function session(model: Uint8Array | string): Promise<InferenceSession> {
  const options: InferenceSession.SessionOptions = { intraOpNumThreads: 2, interOpNumThreads: 1, logSeverityLevel: 3 };
  // Typed apart, for what is one function.
  return InferenceSession.create(model as string, options);
}

/** Outputs by name. */
export async function runOnnx(
  model: InferenceSession,
  inputs: Record<string, OrtTensor>,
): Promise<Record<string, { data: Float32Array; dims: readonly number[] }>> {
  const found = await model.run(inputs);
  return Object.fromEntries(
    Object.entries(found).map(([name, { data, dims }]) => {
      if (!(data instanceof Float32Array)) throw new TypeError(`Expected float32 for ${name}`);
      return [name, { data, dims }];
    }),
  );
}

/** A tensor of the engine's as the runtime takes it. */
export function ortTensor(x: Tensor): OrtTensor {
  return new OrtTensor("float32", x.contiguous().toArray() as Float32Array, [...x.shape]);
}

/** The least cosine between rows of two matrices, row by row. */
export function leastCosine(a: ArrayLike<number>, b: ArrayLike<number>, length: number): number {
  if (a.length !== b.length || a.length === 0) return Number.NaN;
  let least = 1;
  for (let from = 0; from < a.length; from += length) {
    let [ab, aa, bb] = [0, 0, 0];
    for (let i = from; i < from + length; i++) {
      ab += a[i]! * b[i]!;
      aa += a[i]! ** 2;
      bb += b[i]! ** 2;
    }
    least = Math.min(least, ab / Math.sqrt(aa * bb));
  }
  return least;
}

/** |a − b| / |b|, all numbers together. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.NaN;
  let [off, size] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    off += (a[i]! - b[i]!) ** 2;
    size += b[i]! ** 2;
  }
  return Math.sqrt(off / size);
}
