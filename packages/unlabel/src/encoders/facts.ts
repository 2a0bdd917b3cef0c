// What is known of each architecture without building it: names, lengths of features, multiply-adds. Loads no LibTorch.

/** Width, blocks and attention heads of each ViT. */
export const VIT_SIZES = {
  vit_tiny: { width: 192, depth: 12, heads: 3 },
  vit_small: { width: 384, depth: 12, heads: 6 },
  vit_base: { width: 768, depth: 12, heads: 12 },
} as const;

export const RESNETS = ["resnet18", "resnet34", "resnet50"] as const;
export const VITS = ["vit_tiny", "vit_small", "vit_base"] as const;
/** All encoders by name. */
export const ENCODERS = [...RESNETS, ...VITS] as const;

/** What decides an encoder's shape. */
export interface EncoderConfig {
  encoder: string;
  /** Edge of the square images in pixels. */
  size: number;
  /** Edge of a ViT's patches in pixels. */
  patch: number;
  /** A ResNet's first layer; default `7x7`. */
  stem?: "auto" | "7x7" | "3x3";
}

/** `auto` is the 3×3 stem for images of up to 64 px: the 7×7 one would leave a last map of 2 × 2. */
export function stemOf({ stem = "7x7", size }: EncoderConfig): "7x7" | "3x3" {
  if (stem !== "auto") return stem;
  return size <= 64 ? "3x3" : "7x7";
}

export function isVit(encoder: string): encoder is keyof typeof VIT_SIZES {
  return encoder in VIT_SIZES;
}

/** Length of an encoder's features. */
export function encoderDim(encoder: string): number {
  if (isVit(encoder)) return 2 * VIT_SIZES[encoder].width;
  return encoder === "resnet50" ? 2048 : 512;
}

/** Multiply-adds of one image through the whole encoder; of `patches` of its patches where so many are given (ViTs alone). */
export function encoderMacs(config: EncoderConfig, { patches }: { patches?: number } = {}): number {
  const { encoder, size, patch } = config;
  if (!isVit(encoder)) return resnetMacs(encoder, size, stemOf(config));
  const { width, depth } = VIT_SIZES[encoder];
  const seen = patches ?? (size / patch) ** 2;
  return seen * 3 * patch ** 2 * width + blockMacs(1 + seen, width, depth);
}

/** `depth` blocks on `n` tokens: qkv, projection and MLP are 12·n·w², attention's two products 2·n²·w. */
export function blockMacs(n: number, width: number, depth: number): number {
  return depth * (12 * n * width ** 2 + 2 * n ** 2 * width);
}

function resnetMacs(name: string, size: number, stem: "7x7" | "3x3"): number {
  const counts = name === "resnet18" ? [2, 2, 2, 2] : [3, 4, 6, 3];
  const half = (edge: number) => Math.ceil(edge / 2);
  const first = stem === "7x7" ? half(size) : size;
  let macs = first ** 2 * 64 * 3 * (stem === "7x7" ? 49 : 9);
  let [edge, into] = [stem === "7x7" ? half(first) : first, 64];
  for (const [stage, count] of counts.entries()) {
    const planes = 64 * 2 ** stage;
    const out = name === "resnet50" ? 4 * planes : planes;
    for (let i = 0; i < count; i++) {
      const before = edge;
      if (i === 0 && stage > 0) edge = half(edge);
      const [wide, area] = [before ** 2, edge ** 2];
      macs +=
        name === "resnet50"
          ? wide * into * planes + area * 9 * planes ** 2 + area * planes * out
          : area * 9 * planes * (into + planes);
      if (edge !== before || into !== out) macs += area * into * out;
      into = out;
    }
  }
  return macs;
}
