// What the arithmetic alone would allow: GFLOP of one image by formula, and GFLOP/s of this machine's matrix products, measured.
import { numberIn, runScript } from "./child.ts";

/** Work whose multiplications can be counted. */
export type Work =
  | { kind: "resnet18" | "resnet50"; size: number; views: number; encodeOnly?: boolean }
  | {
      kind: "mae";
      size: number;
      patch: number;
      width: number;
      depth: number;
      decoderWidth: number;
      decoderDepth: number;
    };

/** Multiply-adds of one forward pass at 224 px, in 10⁹; they grow with the area. */
const RESNET_GMAC = { resnet18: 1.814, resnet50: 4.089 };

/**
 * GFLOP of one image: two for a multiply-add; forward, and twice that backward. ResNet: `views · 3 · 2 · GMAC(224) · (size/224)²`.
 * MAE: `3 · Σ blocks (24·n·d² + 4·n²·d)` over the encoder's visible quarter and the decoder's n = 1 + patches tokens.
 */
export function gflopOf(work: Work): number {
  if (work.kind !== "mae") {
    const passes = work.encodeOnly ? 1 : 3;
    return work.views * passes * 2 * RESNET_GMAC[work.kind] * (work.size / 224) ** 2;
  }
  const patches = (work.size / work.patch) ** 2;
  const blocks = (tokens: number, width: number, depth: number) =>
    depth * (24 * tokens * width ** 2 + 4 * tokens ** 2 * width);
  const encoder = blocks(1 + patches / 4, work.width, work.depth);
  const decoder = blocks(1 + patches, work.decoderWidth, work.decoderDepth);
  return (3 * (encoder + decoder)) / 1e9;
}

/** GFLOP/s of matrix products of 2,048 × 2,048, on a GPU of 8,192 × 8,192, in the number format that training uses there. */
export async function measureFloor(threads: number, device: string, quick: boolean): Promise<number> {
  const size = quick ? "256" : device === "cpu" ? "2048" : "8192";
  const found = await runScript("gflops.ts", [size, String(threads), device], threads);
  return numberIn(found, "gflops");
}
