// Reference values of fixtures/models.json, and weights by formula, so that they need not be kept: the twin of `noise` and
// `weights` in fixtures/models.py.
import { readFileSync } from "node:fs";
import { fromTypedArray, type nn, stack, type Tensor } from "@unlabel/torch";

interface References {
  /** Names and shapes of state dicts; those of ResNet by torchvision, of ViT by timm. */
  names: Record<string, Record<string, string>>;
  resnet: { depth: 18 | 50; stem: "7x7" | "3x3"; size: number; features: number[]; grad_norm: number }[];
  vit: { size: number; patch: number; keep: number[][]; features: number[]; some: number[] };
  mae: { norm_pixels: boolean; loss: number; encoder_grad_norm: number }[];
}

export const references: References = JSON.parse(
  readFileSync(new URL("../../../../fixtures/models.json", import.meta.url), "utf8"),
);

/** The largest deviation, in units of the largest reference value. */
export function relativeError(actual: Tensor, expected: readonly number[]): number {
  const values = actual.toNumbers();
  if (values.length !== expected.length) return Number.POSITIVE_INFINITY;
  const deviation = Math.max(...values.map((value, i) => Math.abs(value - expected[i]!)));
  return deviation / Math.max(...expected.map(Math.abs));
}

/** Norm of all gradients together, summed in float64. */
export function gradNorm(net: nn.Module<never, unknown>): number {
  const norms = net.parameters().flatMap(({ grad }) => grad?.to({ dtype: "float64" }).linalgVectorNorm() ?? []);
  return stack(norms).linalgVectorNorm().item();
}

/** Numbers in [−1, 1) that depend on a name and a position only. */
function noise(name: string, count: number): Float64Array {
  let key = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) key = Math.imul(key ^ name.charCodeAt(i), 0x01000193);
  const out = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let h = (Math.imul(i, 2654435761) + key) >>> 0;
    h = Math.imul(h ^ (h >>> 16), 2246822519);
    h = Math.imul(h ^ (h >>> 13), 3266489917);
    out[i] = ((h ^ (h >>> 16)) >>> 0) / 2 ** 31 - 1;
  }
  return out;
}

/** Plausible values for a tensor of a state dict, by its name and shape. */
export function formulaWeights(name: string, shape: readonly number[]): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  if (name.endsWith("num_batches_tracked")) return fromTypedArray(new BigInt64Array(1), shape);
  let [scale, shift] = [Math.sqrt(3 / (count / shape[0]!)), 0];
  if (name.endsWith("running_var")) [scale, shift] = [0.5, 1];
  else if (/(token|pos_embed)$/.test(name)) scale = 0.5;
  else if (shape.length === 1) [scale, shift] = [0.1, name.endsWith("weight") ? 1 : 0];
  const values = noise(name, count);
  for (let i = 0; i < count; i++) values[i] = shift + scale * values[i]!;
  return fromTypedArray(new Float32Array(values), shape);
}

/** The state dict of a network with every tensor by formula. */
export function formulaState(state: Record<string, Tensor>): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(state).map(([name, tensor]) => [name, formulaWeights(name, tensor.shape)]));
}

/** A tensor of {@link noise}, float32. */
export function formulaNumbers(name: string, shape: readonly number[]): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return fromTypedArray(new Float32Array(noise(name, count)), shape);
}

/** Images `[batch, 3, size, size]` with values in [−1, 1). */
export function formulaImages(batch: number, size: number): Tensor {
  return formulaNumbers("images", [batch, 3, size, size]);
}
