// The colour changes that SimCLR made usual (arXiv:2002.05709, appendix A), at half its strength, without blur. Loads no zod.

/** Defaults of the keys of {@link augmentationSchema}: what small images and a CPU want. */
export const AUGMENTATION = {
  stem: "auto",
  brightness: 0.4,
  contrast: 0.4,
  saturation: 0.4,
  hue: 0.1,
  jitter_p: 0.8,
  // On a CPU exact costs a few per cent more; on a GPU the one pass of fused counts.
  color_form: "auto",
  grayscale: 0.2,
  blur_p: 0,
} as const;

/** Defaults of the keys of {@link twoViewsSchema}: BYOL's two unlike views (arXiv:2006.07733, table 6), Barlow Twins' and MoCo v3's too. */
export const TWO_VIEWS = {
  ...AUGMENTATION,
  saturation: 0.2,
  blur_p: 1,
  blur_p_second: 0.1,
  solarize_second: 0.2,
} as const;

/** Defaults of the keys of `localViewsSchema`: none, of half the size, of 5 to 25 % of the image. */
export const LOCAL_VIEWS = {
  local_views: 0,
  local_size: null,
  local_crop_min: 0.05,
  local_crop_max: 0.25,
} as const;

/** Defaults of views for methods that see an image many times (LeJEPA, VISReg): two whole views, coloured as {@link AUGMENTATION} says. */
export const MANY_VIEWS = {
  ...AUGMENTATION,
  ...LOCAL_VIEWS,
  solarize_p: 0,
  global_views: 2,
} as const;
