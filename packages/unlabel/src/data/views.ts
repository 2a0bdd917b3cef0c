// What a method wants to see of an image: how many views, of which size, cropped and coloured how.
// Parameter ranges are torchvision's (RandomResizedCrop, ColorJitter, GaussianBlur), so that recipes carry over unchanged.
import { UserError } from "../base/errors.ts";
import { MOST_CHANNELS } from "../config/defaults.ts";

/** Interpolation of the resize; both are antialiased, as in PIL. */
export type Filter = "bilinear" | "bicubic";

/** Random colour changes, each strength as in torchvision's `ColorJitter`: factors are drawn from [max(0, 1 − s), 1 + s]. */
export interface ColorSpec {
  /** Strength, 0 or more. */
  brightness: number;
  /** Strength, 0 or more. */
  contrast: number;
  /** Strength, 0 or more. */
  saturation: number;
  /** Hue shift drawn from [−hue, hue] turns of the colour circle; at most 0.5. */
  hue: number;
  /** Probability that a view is jittered at all. */
  p: number;
}

/** Gaussian blur: `kernel` taps (odd) a side, standard deviation drawn uniformly from `sigma`, in output pixels. */
export interface BlurSpec {
  /** Probability that a view is blurred, 0 to 1. */
  p: number;
  /** Least and greatest standard deviation in output pixels. */
  sigma: readonly [number, number];
  /** Taps a side, odd. */
  kernel: number;
}

/** How a view is made from an image, in this order: crop, flip, colour, grayscale, blur, solarise, normalise. */
export interface ViewSpec {
  /** Views of this kind an image. */
  count: number;
  /** Side of the square view in pixels. */
  size: number;
  /** Share of the image's area, and aspect ratio (width / height), that the crop is drawn from. */
  crop: { scale: readonly [number, number]; ratio: readonly [number, number] };
  /** Interpolation of the resize. */
  filter: Filter;
  /** Probability of a horizontal flip. */
  flip: number;
  /** Random colour changes; null for none. Saturation and hue are 0 unless there are three channels. */
  color: ColorSpec | null;
  /** `fused`: one colour matrix a view, fast. `exact`: torchvision's sequence in random order with HSV hue. Default `fused`. */
  colorForm?: "fused" | "exact";
  /** Probability of grayscale; 0 unless there are three channels. */
  grayscale: number;
  /** Gaussian blur; null for none. */
  blur: BlurSpec | null;
  /** Probability that values of one half and above are inverted. */
  solarize: number;
  /** Mean of each channel, of values in [0, 1]; as many as views have channels. */
  mean: readonly number[];
  /** Standard deviation of each channel, of values in [0, 1]. */
  std: readonly number[];
}

/**
 * Holds views against what can be painted.
 *
 * @throws {UserError} where they have no three channels and are to be changed in colour, or means and deviations are not alike many
 */
export function checkChannels({ mean, std, color, grayscale }: ViewSpec): void {
  const channels = mean.length;
  if (channels < 1 || channels > MOST_CHANNELS || std.length !== channels)
    throw new UserError(
      `Expected from 1 to ${MOST_CHANNELS} means and as many standard deviations, got ${channels} and ${std.length}; set mean and std alike`,
    );
  if (channels === 3 || ((color === null || (color.saturation === 0 && color.hue === 0)) && grayscale === 0)) return;
  throw new UserError(
    `Expected no saturation, hue or grayscale in views of ${channels} channel${channels === 1 ? "" : "s"}, which have no ` +
      "colours; set all three to 0: --set saturation=0 --set hue=0 --set grayscale=0",
  );
}

/** One view of an image: a random crop, perhaps mirrored, its colours as they are. */
export function plainView(spec: Pick<ViewSpec, "size" | "filter" | "mean" | "std"> & { cropMin: number }): ViewSpec {
  const { size, filter, mean, std, cropMin } = spec;
  const crop = { scale: [cropMin, 1], ratio: [3 / 4, 4 / 3] } as const;
  return { count: 1, size, crop, filter, flip: 0.5, color: null, grayscale: 0, blur: null, solarize: 0, mean, std };
}

/** A rectangle in pixels of the upright image (fractions allowed), mirrored afterwards if `flip`. */
export interface Box {
  /** Left edge in pixels. */
  x: number;
  /** Upper edge in pixels. */
  y: number;
  /** In pixels, above 0. */
  width: number;
  /** In pixels, above 0. */
  height: number;
  /** Whether it is mirrored left to right. */
  flip: boolean;
}
