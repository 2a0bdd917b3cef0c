// Multiply-adds of one image through an encoder, by closed formulas: matrix products and convolutions only.

export interface MacsOptions {
  /** Edge of the image in pixels. */
  size: number;
  channels: number;
  /** A ViT's: edge of a patch, and how many are seen; default all. */
  patch: number;
  patches?: number | undefined;
  /** A ResNet's. */
  stem: "7x7" | "3x3";
}

export type Macs = (options: MacsOptions) => number;

/** `depth` blocks of a transformer on `tokens`: qkv, projection and MLP are 12·n·w², attention's two products 2·n²·w. */
export function blockMacs(tokens: number, width: number, depth: number): number {
  return depth * (12 * tokens * width ** 2 + 2 * tokens ** 2 * width);
}

/** The patches' projection, and the blocks on them and the class token. */
export function vitMacs({ width, depth }: { width: number; depth: number }): Macs {
  return ({ size, patch, channels, patches = (size / patch) ** 2 }) =>
    patches * channels * patch ** 2 * width + blockMacs(1 + patches, width, depth);
}

export function resnetMacs({ bottleneck, counts }: { bottleneck: boolean; counts: readonly number[] }): Macs {
  const half = (edge: number) => Math.ceil(edge / 2);
  return ({ size, channels, stem }) => {
    const first = stem === "7x7" ? half(size) : size;
    let macs = first ** 2 * 64 * channels * (stem === "7x7" ? 49 : 9);
    let [edge, into] = [stem === "7x7" ? half(first) : first, 64];
    for (const [stage, count] of counts.entries()) {
      const planes = 64 * 2 ** stage;
      const out = bottleneck ? 4 * planes : planes;
      for (let i = 0; i < count; i++) {
        const before = edge;
        if (i === 0 && stage > 0) edge = half(edge);
        const [wide, area] = [before ** 2, edge ** 2];
        macs += bottleneck
          ? wide * into * planes + area * 9 * planes ** 2 + area * planes * out
          : area * 9 * planes * (into + planes);
        if (edge !== before || into !== out) macs += area * into * out;
        into = out;
      }
    }
    return macs;
  };
}
