// How a ViT may differ from unlabel's usual one: what other programs' encoders need. Facts alone, without LibTorch.

/** Added to the variance in LayerNorm, in timm and in MAE's code alike. */
export const NORM_EPS = 1e-6;

/** What a ViT's features can be. */
export const POOLINGS = ["mean_max", "class", "mean", "class_mean"] as const;

/**
 * What a ViT's features are: mean and maximum of the patch tokens side by side (`mean_max`), the class token (`class`), the patch tokens'
 * `mean`, or the class token and that mean side by side (`class_mean`, as DINOv2's linear probes).
 */
export type Pooling = (typeof POOLINGS)[number];

/** How positions are made for another grid: see `resamplePositions`. */
export type Interpolation = "antialias" | "bicubic" | "offset";

/** Which tokens before the patches have positions: none, the class token, or registers too. */
export type PrefixPositions = "none" | "class" | "all";

/** What sets an encoder apart from its architecture's usual form: keys of a run's config. What is left out is as unlabel has it. */
export interface Variant {
  /** A ViT's; default `mean_max`. */
  pooling?: Pooling | undefined;
  /** Whether a ViT has a class token; default true. */
  class_token?: boolean | undefined;
  /** A ViT's register tokens (arXiv:2309.16588); default 0. */
  registers?: number | undefined;
  /** What the scale of each residual branch begins with, null for none; default none in a ViT, 1e-6 in a ConvNeXt. */
  layer_scale?: number | null | undefined;
  /** Added to the variance in LayerNorms, of a ConvNeXt in the last one alone; default 1e-6. */
  norm_eps?: number | undefined;
  /** A ViT's; default `class`. */
  prefix_positions?: PrefixPositions | undefined;
  /** A ViT's; default `antialias`, as timm. */
  interpolation?: Interpolation | undefined;
  /** Whether a ViT's last norm comes after pooling instead of before (timm's `fc_norm`); default false. */
  pooled_norm?: boolean | undefined;
  /** Width of a ViT's MLPs, in widths of a token; default 4. */
  mlp_ratio?: number | undefined;
  /** A ViT's attention heads, where these are not as many as its architecture usually has (MoCo v3's small one has twelve). */
  heads?: number | undefined;
  /** Whether a ViT's queries, keys and values have a bias; default true. */
  qkv_bias?: boolean | undefined;
}

/** Length of a ViT's features. */
export function pooledDim(width: number, pooling: Pooling = "mean_max"): number {
  return pooling === "class" || pooling === "mean" ? width : 2 * width;
}

/** Tokens before the patches: the class token and registers. */
export function prefixTokens({
  class_token = true,
  registers = 0,
}: Pick<Variant, "class_token" | "registers">): number {
  return (class_token ? 1 : 0) + registers;
}

/** Rows of a ViT's table of positions that stand for tokens before the patches. */
export function prefixRows(variant: Pick<Variant, "class_token" | "registers" | "prefix_positions">): number {
  const { prefix_positions: which = "class", class_token = true } = variant;
  if (which === "none") return 0;
  return which === "all" ? prefixTokens(variant) : class_token ? 1 : 0;
}
