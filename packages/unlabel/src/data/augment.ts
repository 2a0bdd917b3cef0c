// Augmentation as batched tensor operators, the same on CPU and GPU: pixels in, normalised float images out. Colours are changed of
// three channels only; views of other numbers are painted by the native reader. All numbers of a batch go to the device in one copy.
import { conv2d, empty, noGrad, scope, type Tensor, where } from "@unlabel/torch";
import { exactColor } from "./color-exact.ts";
import { fusedColor } from "./color-matrix.ts";
import type { ViewParams } from "./params.ts";
import { Parcel } from "./parcel.ts";
import type { ViewSpec } from "./views.ts";

// Values worked on at a time on the CPU: small enough to stay in the cache, where each pass costs little.
const CHUNK = 1 << 20;

/** What of a {@link ViewSpec} concerns pixels. */
export type AugmentSpec = Pick<ViewSpec, "colorForm" | "blur" | "mean" | "std">;

/** What {@link augmentTogether} makes views of. */
export interface Augmented {
  /** `[N, H, W, C]`, as {@link augment} takes them. */
  pixels: Tensor;
  /** What all of them share. */
  spec: AugmentSpec;
  /** What happens to each; null: they are only normalised. */
  views: readonly ViewParams[] | null;
}

/**
 * Colours, blurs, solarises and normalises a batch, each view by its own parameters; without parameters, only normalises:
 * `(x / 255 − mean) / std`.
 *
 * @param pixels `[N, H, W, C]`, uint8, or float32 from 0 to 1, which is not divided by 255
 * @returns float32 `[N, C, H, W]`, channels-last, on the same device
 * @throws {RangeError} where `C` is not the number of means, or is other than 3 and `views` change colours
 */
export function augment(pixels: Tensor, spec: AugmentSpec, views: readonly ViewParams[] | null = null): Tensor {
  if (pixels.device !== "cpu") return augmentTogether([{ pixels, spec, views }])[0]!;
  return noGrad(() =>
    scope(() => {
      const [n, height, width, channels] = pixels.shape as [number, number, number, number];
      const out = room(pixels, spec);
      const step = Math.max(1, Math.floor(CHUNK / (channels * height * width)));
      for (let start = 0; start < n; start += step) {
        const count = Math.min(step, n - start);
        scope(() => {
          const part = { pixels: pixels.narrow(0, start, count), spec };
          const [made] = chunks([{ ...part, views: views?.slice(start, start + count) ?? null }]);
          out.narrow(0, start, count).copy_(made!);
        });
      }
      return out;
    }),
  );
}

/** The same of several batches on one device, whose numbers go there in one copy. */
export function augmentTogether(batches: readonly Augmented[]): Tensor[] {
  return noGrad(() =>
    scope(() => {
      const rooms = batches.map(({ pixels, spec }) => room(pixels, spec));
      for (const [i, made] of chunks(batches).entries()) rooms[i]!.copy_(made);
      return rooms;
    }),
  );
}

function room(pixels: Tensor, { mean }: AugmentSpec): Tensor {
  const [n, height, width, channels] = pixels.shape as [number, number, number, number];
  if (channels !== mean.length)
    throw new RangeError(`Expected pixels of ${mean.length} channels, as mean has, got ${channels}`);
  const { device } = pixels;
  return empty([n, channels, height, width], { dtype: "float32", device, memoryFormat: "channels_last" });
}

function chunks(batches: readonly Augmented[]): Tensor[] {
  const parcel = new Parcel();
  const changes = batches.map((batch) => planned(batch, parcel));
  parcel.send(batches[0]!.pixels.device);
  return changes.map((change, i) => change(batches[i]!.pixels));
}

/** Puts what a batch needs into the parcel. @returns makes views of its pixels, `[N, C, H, W]` */
function planned({ pixels, spec, views }: Augmented, parcel: Parcel): (pixels: Tensor) => Tensor {
  const [n, height, width, channels] = pixels.shape as [number, number, number, number];
  const colours = views?.some(({ jitter, grayscale }) => jitter || grayscale) ? views : null;
  if (colours && channels !== 3)
    throw new RangeError(`Expected three channels where colours are changed, got ${channels}`);
  const colour = colours && (spec.colorForm === "exact" ? exactColor(colours, parcel) : fusedColor(colours, parcel));
  const blur = views && spec.blur && blurSome(views, channels, spec.blur.kernel, parcel);
  const solarize = views && solarizeSome(views, parcel);
  const perChannel = (of: (c: number) => number) =>
    parcel.put(
      Float32Array.from({ length: channels }, (_, c) => of(c)),
      [1, channels, 1, 1],
    );
  const gain = perChannel((c) => 1 / spec.std[c]!);
  const shift = perChannel((c) => spec.mean[c]! / spec.std[c]!);
  return (given) => {
    // One plane a channel: every operator below runs over long rows.
    const planes = given.permute([0, 3, 1, 2]).contiguous();
    // A copy, whatever the pixels are: what follows works in place.
    const unit = given.dtype === "uint8" ? planes.to({ dtype: "float32" }).mul_(1 / 255) : planes.mul(1);
    let x = unit.view([n, channels, height * width]);
    if (colour) x = colour(x);
    x = x.view([n, channels, height, width]);
    if (blur) x = blur(x);
    if (solarize) x = solarize(x);
    return x.mul_(gain()).sub_(shift());
  };
}

/** Replaces those images that `change` concerns. */
function replaceSome(indices: number[], parcel: Parcel, change: (part: Tensor) => Tensor): (x: Tensor) => Tensor {
  if (indices.length === 0) return (x) => x;
  const index = parcel.put(BigInt64Array.from(indices, BigInt));
  return (x) => x.indexPut_([index()], change(x.indexSelect(0, index())));
}

function blurSome(
  views: readonly ViewParams[],
  channels: number,
  kernel: number,
  parcel: Parcel,
): (x: Tensor) => Tensor {
  const chosen = views.flatMap(({ sigma }, index) => (sigma === null ? [] : [{ sigma, index }]));
  if (chosen.length === 0) return (x) => x;
  const weights = parcel.put(
    gaussianWeights(
      chosen.map(({ sigma }) => sigma),
      channels,
      kernel,
    ),
    [chosen.length * channels, 1, kernel, 1],
  );
  const indices = chosen.map(({ index }) => index);
  return replaceSome(indices, parcel, (part) => gaussianBlur(part, weights()));
}

/** Weights of a Gaussian of each standard deviation, sampled at whole pixels and normalised: so many taps, for each channel. */
function gaussianWeights(sigmas: readonly number[], channels: number, kernel: number): Float32Array {
  const half = (kernel - 1) / 2;
  const weights = new Float32Array(sigmas.length * channels * kernel);
  for (const [i, sigma] of sigmas.entries()) {
    const taps = Float64Array.from({ length: kernel }, (_, k) => Math.exp(-0.5 * ((k - half) / sigma) ** 2));
    const total = taps.reduce((sum, tap) => sum + tap, 0);
    for (let c = 0; c < channels; c++)
      weights.set(
        taps.map((tap) => tap / total),
        (i * channels + c) * kernel,
      );
  }
  return weights;
}

/**
 * Gaussian blur with a standard deviation for each image, as torchvision's `gaussian_blur`, edges reflected.
 *
 * @param x `[N, C, H, W]`
 * @param column weights `[N·C, 1, kernel, 1]`, with an odd number of taps, less than twice the image's side
 */
function gaussianBlur(x: Tensor, column: Tensor): Tensor {
  const [n, channels, height, width] = x.shape as [number, number, number, number];
  const half = (column.shape[2]! - 1) / 2;
  const groups = n * channels;
  const planes = x.reshape([1, groups, height, width]).reflectionPad2d([half, half, half, half]);
  const down = conv2d(planes, column, null, 1, 0, 1, groups);
  const across = conv2d(down, column.transpose(2, 3).contiguous(), null, 1, 0, 1, groups);
  return across.view([n, channels, height, width]);
}

/** Inverts values of one half and above. */
function solarizeSome(views: readonly ViewParams[], parcel: Parcel): (x: Tensor) => Tensor {
  const indices = views.flatMap(({ solarize }, index) => (solarize ? [index] : []));
  return replaceSome(indices, parcel, (part) => where(part.ge(0.5), part.neg().add(1), part));
}
