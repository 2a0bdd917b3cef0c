// Augmentation as batched tensor operators, the same on CPU and GPU: pixels in, normalised float images out. Colours are changed of
// three channels only; views of other numbers are painted by the native reader.
import { conv2d, empty, fromTypedArray, noGrad, scope, type Tensor, where } from "@unlabel/torch";
import { exactColor } from "./color-exact.ts";
import { fusedColor } from "./color-matrix.ts";
import type { ViewParams } from "./params.ts";
import type { ViewSpec } from "./views.ts";

// Values worked on at a time on the CPU: small enough to stay in the cache, where each pass costs little.
const CHUNK = 1 << 20;

/** What of a {@link ViewSpec} concerns pixels. */
export type AugmentSpec = Pick<ViewSpec, "colorForm" | "blur" | "mean" | "std">;

/**
 * Colours, blurs, solarises and normalises a batch, each view by its own parameters; without parameters, only normalises:
 * `(x / 255 − mean) / std`.
 *
 * @param pixels `[N, H, W, C]`, uint8, or float32 from 0 to 1, which is not divided by 255
 * @returns float32 `[N, C, H, W]`, channels-last, on the same device
 * @throws {RangeError} where `C` is not the number of means, or is other than 3 and `views` change colours
 */
export function augment(pixels: Tensor, spec: AugmentSpec, views: readonly ViewParams[] | null = null): Tensor {
  return noGrad(() =>
    scope(() => {
      const [n, height, width, channels] = pixels.shape as [number, number, number, number];
      if (channels !== spec.mean.length)
        throw new RangeError(`Expected pixels of ${spec.mean.length} channels, as mean has, got ${channels}`);
      const { device } = pixels;
      const out = empty([n, channels, height, width], { dtype: "float32", device, memoryFormat: "channels_last" });
      const step = device === "cpu" ? Math.max(1, Math.floor(CHUNK / (channels * height * width))) : n;
      for (let start = 0; start < n; start += step) {
        const count = Math.min(step, n - start);
        scope(() => {
          const made = augmentChunk(pixels.narrow(0, start, count), spec, views?.slice(start, start + count) ?? null);
          out.narrow(0, start, count).copy_(made);
        });
      }
      return out;
    }),
  );
}

function augmentChunk(pixels: Tensor, spec: AugmentSpec, views: readonly ViewParams[] | null): Tensor {
  const [n, height, width, channels] = pixels.shape as [number, number, number, number];
  // One plane a channel: every operator below runs over long rows.
  const planes = pixels.permute([0, 3, 1, 2]).contiguous();
  // A copy, whatever the pixels are: what follows works in place.
  const unit = pixels.dtype === "uint8" ? planes.to({ dtype: "float32" }).mul_(1 / 255) : planes.mul(1);
  let x = unit.view([n, channels, height * width]);
  if (views?.some(({ jitter, grayscale }) => jitter || grayscale)) {
    if (channels !== 3) throw new RangeError(`Expected three channels where colours are changed, got ${channels}`);
    x = spec.colorForm === "exact" ? exactColor(x, views) : fusedColor(x, views);
  }
  x = x.view([n, channels, height, width]);
  if (views && spec.blur)
    x = blurSome(
      x,
      views.map(({ sigma }) => sigma),
      spec.blur.kernel,
    );
  if (views) x = solarizeSome(x, views);
  const perChannel = (of: (c: number) => number) =>
    fromTypedArray(
      Float32Array.from({ length: channels }, (_, c) => of(c)),
      [1, channels, 1, 1],
      {
        device: pixels.device,
      },
    );
  return x.mul_(perChannel((c) => 1 / spec.std[c]!)).sub_(perChannel((c) => spec.mean[c]! / spec.std[c]!));
}

/** Replaces those images of `x` that `change` concerns. */
function replaceSome(x: Tensor, indices: number[], change: (part: Tensor) => Tensor): Tensor {
  if (indices.length === 0) return x;
  const index = fromTypedArray(BigInt64Array.from(indices, BigInt), [indices.length], { device: x.device });
  return x.indexPut_([index], change(x.indexSelect(0, index)));
}

function blurSome(x: Tensor, sigmas: (number | null)[], kernel: number): Tensor {
  const chosen = sigmas.flatMap((sigma, index) => (sigma === null ? [] : [{ sigma, index }]));
  const blur = (part: Tensor) =>
    gaussianBlur(
      part,
      chosen.map(({ sigma }) => sigma),
      kernel,
    );
  return replaceSome(
    x,
    chosen.map(({ index }) => index),
    blur,
  );
}

/**
 * Gaussian blur with a standard deviation for each image, as torchvision's `gaussian_blur`: weights sampled at whole pixels
 * and normalised, edges reflected.
 *
 * @param x `[N, C, H, W]`
 * @param kernel odd, and less than twice the image's side
 */
export function gaussianBlur(x: Tensor, sigmas: readonly number[], kernel: number): Tensor {
  const [n, channels, height, width] = x.shape as [number, number, number, number];
  const half = (kernel - 1) / 2;
  const weights = new Float32Array(n * channels * kernel);
  for (const [i, sigma] of sigmas.entries()) {
    const taps = Float64Array.from({ length: kernel }, (_, k) => Math.exp(-0.5 * ((k - half) / sigma) ** 2));
    const total = taps.reduce((sum, tap) => sum + tap, 0);
    for (let c = 0; c < channels; c++)
      weights.set(
        taps.map((tap) => tap / total),
        (i * channels + c) * kernel,
      );
  }
  const groups = n * channels;
  const column = fromTypedArray(weights, [groups, 1, kernel, 1], { device: x.device });
  const planes = x.reshape([1, groups, height, width]).reflectionPad2d([half, half, half, half]);
  const down = conv2d(planes, column, null, 1, 0, 1, groups);
  const across = conv2d(down, column.transpose(2, 3).contiguous(), null, 1, 0, 1, groups);
  return across.view([n, channels, height, width]);
}

/** Inverts values of one half and above. */
function solarizeSome(x: Tensor, views: readonly ViewParams[]): Tensor {
  const indices = views.flatMap(({ solarize }, index) => (solarize ? [index] : []));
  return replaceSome(x, indices, (part) => where(part.ge(0.5), part.neg().add(1), part));
}
