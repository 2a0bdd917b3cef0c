// The exact colour jitter: torchvision's ColorJitter step by step, each view in its own random order, hue through HSV.
import { cat, stack, type Tensor, where } from "@unlabel/torch";
import { GRAY } from "./color-matrix.ts";
import type { JitterParams, ViewParams } from "./params.ts";
import type { Parcel } from "./parcel.ts";

/** Gray values `[N, 1, P]` of colours `[N, 3, P]`. @param weights `[1, 3, 1]` */
function gray(x: Tensor, weights: Tensor): Tensor {
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

/** What a step does with an amount `[N, 1, 1]` of each view, and which of a jitter's factors that is. */
interface Step {
  of(jitter: JitterParams): number;
  change(x: Tensor, amount: Tensor, weights: Tensor): Tensor;
}

const STEPS: readonly Step[] = [
  { of: (j) => j.brightness, change: (x, amount) => x.mul(amount).clamp_(0, 1) },
  { of: (j) => j.contrast, change: (x, amount, weights) => blend(x, gray(x, weights).mean(2, true), amount) },
  { of: (j) => j.saturation, change: (x, amount, weights) => blend(x, gray(x, weights), amount) },
  { of: (j) => j.hue, change: (x, amount) => turnHue(x, amount) },
];

/** Puts every view's jitter and grayscale into the parcel. @returns applies them to `x`, `[N, 3, P]` in [0, 1] */
export function exactColor(views: readonly ViewParams[], parcel: Parcel): (x: Tensor) => Tensor {
  const weights = parcel.put(Float32Array.from(GRAY), [1, 3, 1]);
  const changes = [0, 1, 2, 3].flatMap((place) =>
    STEPS.flatMap(({ of, change }, step) => {
      const jittered = views.flatMap(({ jitter }, index) => (jitter?.order[place] === step ? [{ index, jitter }] : []));
      if (jittered.length === 0) return [];
      const amount = parcel.put(
        Float32Array.from(jittered, ({ jitter }) => of(jitter)),
        [jittered.length, 1, 1],
      );
      const indices = jittered.map(({ index }) => index);
      return [{ indices, change: (part: Tensor) => change(part, amount(), weights()) }];
    }),
  );
  const grays = views.flatMap(({ grayscale }, index) => (grayscale ? [index] : []));
  if (grays.length > 0) {
    changes.push({ indices: grays, change: (part) => gray(part, weights()).expand([-1, 3, -1]) });
  }
  return (x) => {
    const images = x.unbind(0);
    for (const { indices, change } of changes) {
      const changed = change(stack(indices.map((i) => images[i]!))).unbind(0);
      for (const [k, i] of indices.entries()) images[i] = changed[k]!;
    }
    return stack(images);
  };
}
