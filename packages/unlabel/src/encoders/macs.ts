// Multiply-adds of one image through an encoder, by closed formulas: matrix products and convolutions only.

export interface MacsOptions {
  /** Edge of the image in pixels. */
  size: number;
  channels: number;
  /** A ViT's: edge of a patch, and how many are seen; default all. */
  patch: number;
  patches?: number | undefined;
  /** A ViT's: tokens before the patches; default 1, the class token. */
  prefix?: number | undefined;
  /** A ViT's: width of the MLPs, in widths of a token; default 4. */
  mlpRatio?: number | undefined;
  /** A ResNet's. */
  stem: "7x7" | "3x3";
}

export type Macs = (options: MacsOptions) => number;

/** `depth` blocks of a transformer on `tokens`: qkv, projection and MLP are (4 + 2·ratio)·n·w², attention's two products 2·n²·w. */
export function blockMacs(tokens: number, width: number, depth: number, mlpRatio = 4): number {
  return depth * ((4 + 2 * mlpRatio) * tokens * width ** 2 + 2 * tokens ** 2 * width);
}

/** The patches' projection, and the blocks on them and the tokens before them. */
export function vitMacs({ width, depth }: { width: number; depth: number }): Macs {
  return ({ size, patch, channels, patches = (size / patch) ** 2, prefix = 1, mlpRatio }) =>
    patches * channels * patch ** 2 * width + blockMacs(prefix + patches, width, depth, mlpRatio);
}

/** @param baseWidth channels inside a bottleneck of the first stage */
export function resnetMacs({
  bottleneck,
  counts,
  baseWidth = 64,
}: {
  bottleneck: boolean;
  counts: readonly number[];
  baseWidth?: number | undefined;
}): Macs {
  const half = (edge: number) => Math.ceil(edge / 2);
  return ({ size, channels, stem }) => {
    const first = stem === "7x7" ? half(size) : size;
    let macs = first ** 2 * 64 * channels * (stem === "7x7" ? 49 : 9);
    let [edge, into] = [stem === "7x7" ? half(first) : first, 64];
    for (const [stage, count] of counts.entries()) {
      const planes = 64 * 2 ** stage;
      const inner = baseWidth * 2 ** stage;
      const out = bottleneck ? 4 * planes : planes;
      for (let i = 0; i < count; i++) {
        const before = edge;
        if (i === 0 && stage > 0) edge = half(edge);
        const [wide, area] = [before ** 2, edge ** 2];
        macs += bottleneck
          ? wide * into * inner + area * 9 * inner ** 2 + area * inner * out
          : area * 9 * planes * (into + planes);
        if (edge !== before || into !== out) macs += area * into * out;
        into = out;
      }
    }
    return macs;
  };
}

/** A stem of stride 4, convolutions that halve the map, and in each block a depthwise one of 7 × 7 and an MLP. */
export function convnextMacs({ counts, widths }: { counts: readonly number[]; widths: readonly number[] }): Macs {
  return ({ size, channels }) => {
    let edge = Math.floor(size / 4);
    let macs = edge ** 2 * 16 * channels * widths[0]!;
    for (const [stage, width] of widths.entries()) {
      if (stage > 0) {
        edge = Math.floor(edge / 2);
        macs += edge ** 2 * 4 * widths[stage - 1]! * width;
      }
      macs += counts[stage]! * edge ** 2 * (49 * width + 8 * width ** 2);
    }
    return macs;
  };
}
