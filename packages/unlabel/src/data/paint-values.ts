// What happens to each view, as the numbers that the native painter takes; native/arguments.h has their layout.
import { colorMatrix } from "./color-matrix.ts";
import type { ViewParams } from "./params.ts";
import type { ViewSpec } from "./views.ts";

const NUMBERS = 13;

/** The numbers of all `views`, one after the other. Other than three channels have neither saturation nor hue. */
export function paintValuesOf(views: readonly ViewParams[], form: ViewSpec["colorForm"], channels = 3): Float32Array {
  const paintValues = new Float32Array(views.length * NUMBERS);
  for (const [index, { jitter, grayscale, sigma, solarize }] of views.entries()) {
    const at = index * NUMBERS;
    if (form === "exact" && (jitter || grayscale)) {
      const { brightness, contrast, saturation, hue, order } = jitter ?? NEUTRAL;
      const [one, two, three] = order as [number, number, number];
      paintValues.set([2, Number(jitter !== null), brightness, contrast, saturation, hue, one, two, three], at);
      paintValues[at + 9] = Number(grayscale);
    } else if (jitter || grayscale) {
      const { matrix, offset } = colorMatrix(jitter, grayscale);
      paintValues[at] = 1;
      if (channels === 3) paintValues.set(matrix, at + 1);
      else paintValues[at + 1] = jitter ? jitter.brightness * jitter.contrast : 1;
      paintValues[at + 10] = offset;
    }
    paintValues[at + 11] = sigma ?? 0;
    paintValues[at + 12] = Number(solarize);
  }
  return paintValues;
}

const NEUTRAL = { brightness: 1, contrast: 1, saturation: 1, hue: 0, order: [0, 1, 2, 3] };

/** What all views share: means, standard deviations, taps of the blur. */
export function finishOf({ mean, std, blur }: Pick<ViewSpec, "mean" | "std" | "blur">): Float32Array {
  return Float32Array.of(...mean, ...std, blur?.kernel ?? 1);
}
