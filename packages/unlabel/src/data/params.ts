// The random part of an augmentation, drawn on the CPU: one set of plain numbers a view. Ranges are torchvision's.
import type { Rng } from "../base/rng.ts";
import type { ViewSpec } from "./views.ts";

/** Factors of a colour jitter; 1 (hue: 0) changes nothing. */
export interface JitterParams {
  /** Factor, 0 or more. */
  brightness: number;
  /** Factor, 0 or more. */
  contrast: number;
  /** Factor, 0 or more. */
  saturation: number;
  /** In turns of the colour circle. */
  hue: number;
  /** The sequence of the exact form: 0 brightness, 1 contrast, 2 saturation, 3 hue. */
  order: readonly number[];
}

/** What happens to one view; null or false where it does not. */
export interface ViewParams {
  /** Colour factors. */
  jitter: JitterParams | null;
  /** Whether its colours go. */
  grayscale: boolean;
  /** Standard deviation of the blur in pixels. */
  sigma: number | null;
  /** Whether values of one half and above are inverted. */
  solarize: boolean;
}

export function drawParams(spec: ViewSpec, rng: Rng): ViewParams {
  const { color, blur } = spec;
  return {
    jitter: color && rng.chance(color.p) ? drawJitter(color, rng) : null,
    grayscale: rng.chance(spec.grayscale),
    sigma: blur && rng.chance(blur.p) ? rng.uniform(...blur.sigma) : null,
    solarize: rng.chance(spec.solarize),
  };
}

function drawJitter(color: NonNullable<ViewSpec["color"]>, rng: Rng): JitterParams {
  const factor = (strength: number) => rng.uniform(Math.max(0, 1 - strength), 1 + strength);
  const brightness = factor(color.brightness);
  const contrast = factor(color.contrast);
  const saturation = factor(color.saturation);
  const hue = rng.uniform(-color.hue, color.hue);
  const order = [0, 1, 2, 3];
  for (let i = 3; i > 0; i--) {
    const j = rng.below(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return { brightness, contrast, saturation, hue, order };
}
