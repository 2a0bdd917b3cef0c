// A ConvNeXt told from the shapes of its tensors, and the tensors that one has.
import { countOf, type Expected, type FoundConvNext, type Hints, type Shapes } from "../found-architecture.ts";

const NAMES: readonly (readonly [name: string, depths: string, width: number])[] = [
  ["convnext_tiny", "3,3,9,3", 96],
  ["convnext_small", "3,3,27,3", 96],
  ["convnext_base", "3,3,27,3", 128],
];

/** @returns null where these are no ConvNeXt's */
export function tellConvNext(shapes: Shapes, { size }: Hints): FoundConvNext | null {
  const stem = shapes.get("stem.0.weight");
  const depths = [0, 1, 2, 3].map((stage) => countOf(shapes, `stages.${stage}.blocks.`));
  const widths = [0, 1, 2, 3].map((stage) => shapes.get(`stages.${stage}.blocks.0.conv_dw.weight`)?.[0] ?? 0);
  if (stem?.length !== 4 || depths.includes(0) || widths.includes(0)) return null;
  const named = NAMES.find(
    ([, counts, width]) => counts === depths.join() && widths.every((found, i) => found === width * 2 ** i),
  );
  const layerScale = shapes.has("stages.0.blocks.0.gamma");
  const encoder = named && layerScale && stem[2] === 4 ? named[0] : null;
  return { family: "convnext", encoder, depths, widths, channels: stem[1]!, size: size ?? null, layerScale };
}

/** Its tensors without a classifier, by timm's names. */
export function convNextTensors({ depths, widths, channels, layerScale }: FoundConvNext): Expected {
  const all: Expected = new Map();
  const pair = (name: string, ...shape: number[]) => {
    all.set(`${name}.weight`, { shape });
    all.set(`${name}.bias`, { shape: [shape[0]!] });
  };
  pair("stem.0", widths[0]!, channels, 4, 4);
  pair("stem.1", widths[0]!);
  for (const [i, depth] of depths.entries()) {
    const width = widths[i]!;
    if (i > 0) {
      pair(`stages.${i}.downsample.0`, widths[i - 1]!);
      pair(`stages.${i}.downsample.1`, width, widths[i - 1]!, 2, 2);
    }
    for (let b = 0; b < depth; b++) {
      const at = `stages.${i}.blocks.${b}`;
      pair(`${at}.conv_dw`, width, 1, 7, 7);
      pair(`${at}.norm`, width);
      pair(`${at}.mlp.fc1`, 4 * width, width);
      pair(`${at}.mlp.fc2`, width, 4 * width);
      if (layerScale) all.set(`${at}.gamma`, { shape: [width] });
    }
  }
  // Only with a classifier, in some programs.
  for (const part of ["weight", "bias"]) all.set(`head.norm.${part}`, { shape: [widths[3]!], optional: true });
  return all;
}
