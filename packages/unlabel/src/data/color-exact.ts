// The exact colour jitter: torchvision's ColorJitter step by step, each view in its own random order, hue through HSV.
import { cat, fromTypedArray, stack, type Tensor, where } from "@unlabel/torch";
import { GRAY } from "./color-matrix.ts";
import type { JitterParams, ViewParams } from "./params.ts";

/** Gray values `[N, 1, P]` of colours `[N, 3, P]`. */
function gray(x: Tensor): Tensor {
  const weights = fromTypedArray(Float32Array.from(GRAY), [1, 3, 1], { device: x.device });
  return x.mul(weights).sum(1, true);
}

/** `factor · x + (1 − factor) · other`, clamped. */
function blend(x: Tensor, other: Tensor | number, factor: Tensor): Tensor {
  return x.mul(factor).add(factor.neg().add(1).mul(other)).clamp_(0, 1);
}

function turnHue(x: Tensor, turns: Tensor): Tensor {
  const most = x.amax(1, true);
  const range = most.sub(x.amin(1, true));
  const flat = range.eq(0);
  const saturation = range.div(where(flat, most.mul(0).add(1), most));
  // How far each channel lies below the largest; hue is measured from the channel that is the largest.
  const [red, green, blue] = most
    .sub(x)
    .div(where(flat, range.add(1), range))
    .chunk(3, 1) as [Tensor, Tensor, Tensor];
  const [r, g] = x.chunk(3, 1) as [Tensor, Tensor];
  const sextants = where(r.eq(most), blue.sub(green), where(g.eq(most), red.sub(blue).add(2), green.sub(red).add(4)));
  const hue = sextants.div(6).add(1).add(turns).remainder(1).mul(6);
  // Each channel is v − v·s·clamp(min(k, 4 − k), 0, 1) with k = (n + 6h) mod 6 and n = 5, 3, 1.
  const chroma = most.mul(saturation);
  const channels = [5, 3, 1].map((n) => {
    const k = hue.add(n).remainder(6);
    return most.sub(chroma.mul(k.minimum(k.neg().add(4)).clamp_(0, 1)));
  });
  return cat(channels, 1);
}

const STEPS: readonly ((x: Tensor, amount: (of: (j: JitterParams) => number) => Tensor) => Tensor)[] = [
  (x, amount) => x.mul(amount((j) => j.brightness)).clamp_(0, 1),
  (x, amount) =>
    blend(
      x,
      gray(x).mean(2, true),
      amount((j) => j.contrast),
    ),
  (x, amount) =>
    blend(
      x,
      gray(x),
      amount((j) => j.saturation),
    ),
  (x, amount) =>
    turnHue(
      x,
      amount((j) => j.hue),
    ),
];

/** Applies every view's jitter and grayscale to `x`, `[N, 3, P]` in [0, 1]. */
export function exactColor(x: Tensor, views: readonly ViewParams[]): Tensor {
  const images = x.unbind(0);
  const replace = (indices: number[], change: (part: Tensor) => Tensor) => {
    if (indices.length === 0) return;
    const changed = change(stack(indices.map((i) => images[i]!))).unbind(0);
    for (const [k, i] of indices.entries()) images[i] = changed[k]!;
  };
  for (const place of [0, 1, 2, 3]) {
    for (const [step, change] of STEPS.entries()) {
      const jittered = views.flatMap(({ jitter }, index) => (jitter?.order[place] === step ? [{ index, jitter }] : []));
      const amount = (of: (j: JitterParams) => number) =>
        fromTypedArray(
          Float32Array.from(jittered, ({ jitter }) => of(jitter)),
          [jittered.length, 1, 1],
          { device: x.device },
        );
      replace(
        jittered.map(({ index }) => index),
        (part) => change(part, amount),
      );
    }
  }
  replace(
    views.flatMap(({ grayscale }, index) => (grayscale ? [index] : [])),
    (part) => gray(part).expand([-1, 3, -1]),
  );
  return stack(images);
}
