// Weights as the bytes that a file keeps: float32, halves, or 8 bits with a scale a channel.
import { noGrad, scope, type Tensor } from "@unlabel/torch";
import { UserError } from "../../base/errors.ts";
import { bytesOf } from "./graph.ts";

/** A tensor's numbers, row-major, whatever its device and layout. */
export function floatsOf(tensor: Tensor): Float32Array {
  const values = noGrad(() =>
    scope(() => tensor.detach().to({ dtype: "float32", device: "cpu" }).contiguous().toArray()),
  );
  if (!(values instanceof Float32Array)) throw new TypeError("Expected float32 weights");
  return values;
}

/** The largest number that a half holds. */
const MOST_HALF = 65_504;

/**
 * Numbers as IEEE halves, rounded to the nearest, ties to even.
 *
 * @throws {UserError} where one is too large for a half
 */
export function halves(values: Float32Array): Uint8Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    if (!(Math.abs(values[i]!) <= MOST_HALF)) {
      throw new UserError(`Expected weights of at most ${MOST_HALF} for fp16, got ${values[i]}; use --precision fp32`);
    }
    out[i] = half(bits[i]!);
  }
  return bytesOf(out);
}

/** From a float's bits to a half's. */
function half(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const size = bits & 0x7fffffff;
  // Below 2^−14 halves have one exponent, and steps of 2^−24.
  if (size < 0x38800000) {
    const [value] = new Float32Array(Uint32Array.of(size).buffer);
    const steps = value! * 2 ** 24;
    const floor = Math.floor(steps);
    const rest = steps - floor;
    return sign | (floor + Number(rest > 0.5 || (rest === 0.5 && floor % 2 === 1)));
  }
  // Thirteen bits go; the carry may reach the exponent.
  return sign | ((size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13);
}

/**
 * 8 bits a number, symmetric, with a scale for each channel: `w ≈ values · scales`.
 *
 * @param layout whether a channel is a row of its own, or they alternate
 */
export function perChannel(
  weights: Float32Array,
  channels: number,
  layout: "rows" | "columns",
): { values: Int8Array; scales: Float32Array } {
  const each = weights.length / channels;
  const place = (channel: number, i: number) => (layout === "rows" ? channel * each + i : i * channels + channel);
  const values = new Int8Array(weights.length);
  const scales = new Float32Array(channels);
  for (let channel = 0; channel < channels; channel++) {
    let most = 0;
    for (let i = 0; i < each; i++) most = Math.max(most, Math.abs(weights[place(channel, i)]!));
    // A channel of zeros stays one.
    const scale = most > 0 ? most / 127 : 1;
    scales[channel] = scale;
    for (let i = 0; i < each; i++) values[place(channel, i)] = Math.round(weights[place(channel, i)]! / scale);
  }
  return { values, scales };
}
