// The fused colour jitter: brightness, contrast, saturation, hue and grayscale as one 3 × 4 matrix a view, as NVIDIA DALI
// does. Unlike torchvision's: always in this order, hue as a rotation in YIQ, and values are clamped once, at the end.
import type { Tensor } from "@unlabel/torch";
import type { JitterParams, ViewParams } from "./params.ts";
import type { Parcel } from "./parcel.ts";

/** Weights of red, green and blue in gray (ITU-R BT.601), as torchvision rounds them. */
export const GRAY = [0.2989, 0.587, 0.114] as const;

/** Nine numbers, row by row. */
type Matrix = readonly number[];

const IDENTITY: Matrix = [1, 0, 0, 0, 1, 0, 0, 0, 1];

function multiply(a: Matrix, b: Matrix): Matrix {
  return IDENTITY.map((_, at) => {
    const [row, column] = [3 * Math.floor(at / 3), at % 3];
    return a[row]! * b[column]! + a[row + 1]! * b[column + 3]! + a[row + 2]! * b[column + 6]!;
  });
}

// RGB to YIQ (NTSC, 1953) and back, so that a turn by nothing is exactly nothing and gray stays gray.
const TO_YIQ: Matrix = [0.299, 0.587, 0.114, 0.596, -0.274, -0.322, 0.211, -0.523, 0.312];
const FROM_YIQ = inverse(TO_YIQ);

function inverse(m: Matrix): Matrix {
  const [a, b, c, d, e, f, g, h, i] = m as [number, number, number, number, number, number, number, number, number];
  const cofactors = [
    e * i - f * h,
    c * h - b * i,
    b * f - c * e,
    f * g - d * i,
    a * i - c * g,
    c * d - a * f,
    d * h - e * g,
    b * g - a * h,
    a * e - b * d,
  ];
  const determinant = a * cofactors[0]! + b * cofactors[3]! + c * cofactors[6]!;
  return cofactors.map((value) => value / determinant);
}

/** Blend of the colours with their gray: `share · x + (1 − share) · gray(x)`. */
function saturation(share: number): Matrix {
  return IDENTITY.map((one, at) => share * one + (1 - share) * GRAY[at % 3]!);
}

/** A turn of the colour circle, red towards yellow for a positive `turns` as in HSV. */
function hue(turns: number): Matrix {
  const angle = 2 * Math.PI * turns;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return multiply(FROM_YIQ, multiply([1, 0, 0, 0, cos, sin, 0, -sin, cos], TO_YIQ));
}

/** `matrix · x + offset · (mean gray of x)`, the same offset for each channel. */
export function colorMatrix(jitter: JitterParams | null, grayscale: boolean): { matrix: Matrix; offset: number } {
  let matrix = IDENTITY;
  let offset = 0;
  if (jitter) {
    const gain = jitter.brightness * jitter.contrast;
    matrix = multiply(
      multiply(hue(jitter.hue), saturation(jitter.saturation)),
      IDENTITY.map((one) => gain * one),
    );
    // Contrast moves the image towards its own (brightened) mean; what follows leaves gray unchanged.
    offset = (1 - jitter.contrast) * jitter.brightness;
  }
  return grayscale ? { matrix: multiply(saturation(0), matrix), offset } : { matrix, offset };
}

/** Puts every view's colour matrix into the parcel. @returns applies them to `x`, `[N, 3, H·W]` in [0, 1], and clamps to that range */
export function fusedColor(views: readonly ViewParams[], parcel: Parcel): (x: Tensor) => Tensor {
  const composed = views.map(({ jitter, grayscale }) => colorMatrix(jitter, grayscale));
  const matrices = parcel.put(Float32Array.from(composed.flatMap(({ matrix }) => matrix)), [views.length, 3, 3]);
  const offsets = parcel.put(
    Float32Array.from(composed, ({ offset }) => offset),
    [views.length, 1, 1],
  );
  const gray = parcel.put(Float32Array.from(GRAY), [1, 3, 1]);
  return (x) => {
    const meanGray = x.mean(2, true).mul(gray()).sum(1, true);
    return meanGray.mul(offsets()).baddbmm(matrices(), x).clamp_(0, 1);
  };
}
