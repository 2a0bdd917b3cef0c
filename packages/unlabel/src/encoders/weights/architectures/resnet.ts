// A ResNet told from the shapes of its tensors, and the tensors that one has.
import { countOf, type Expected, type FoundResNet, type Hints, type Shapes } from "../found-architecture.ts";

const NAMES: readonly (readonly [name: string, bottleneck: boolean, counts: string, inner: number])[] = [
  ["resnet18", false, "2,2,2,2", 64],
  ["resnet34", false, "3,4,6,3", 64],
  ["resnet50", true, "3,4,6,3", 64],
  ["resnet101", true, "3,4,23,3", 64],
  ["resnet152", true, "3,8,36,3", 64],
  ["wide_resnet50_2", true, "3,4,6,3", 128],
  ["wide_resnet101_2", true, "3,4,23,3", 128],
];

/** @returns null where these are no ResNet's */
export function tellResNet(shapes: Shapes, { size, strideFirst }: Hints): FoundResNet | null {
  const counts = [1, 2, 3, 4].map((stage) => countOf(shapes, `layer${stage}.`));
  const conv1 = shapes.get("conv1.weight");
  const middle = shapes.get("layer1.0.conv2.weight");
  if (counts.includes(0) || conv1?.length !== 4 || middle?.length !== 4) return null;
  const bottleneck = shapes.has("layer1.0.conv3.weight");
  const inner = middle[0]!;
  const before = shapes.get("layer1.0.conv1.weight")?.[0] ?? inner;
  const groups = before / middle[1]!;
  const named = NAMES.find(
    ([, deep, depths, wide]) => deep === bottleneck && depths === counts.join() && wide === inner && groups === 1,
  );
  return {
    family: "resnet",
    encoder: named?.[0] ?? null,
    bottleneck,
    counts,
    inner,
    groups,
    stem: conv1[2] === 7 ? "7x7" : conv1[2] === 3 ? "3x3" : "other",
    channels: conv1[1]!,
    size: size ?? null,
    strideFirst: strideFirst ?? null,
  };
}

/** Its tensors without a classifier, by torchvision's names. */
export function resNetTensors({ bottleneck, counts, inner, groups, stem, channels }: FoundResNet): Expected {
  const all: Expected = new Map();
  const pair = (conv: string, norm: string, shape: number[]) => {
    all.set(`${conv}.weight`, { shape });
    for (const part of ["weight", "bias", "running_mean", "running_var"])
      all.set(`${norm}.${part}`, { shape: [shape[0]!] });
    // Files from before PyTorch 0.4.1 have none.
    all.set(`${norm}.num_batches_tracked`, { shape: [], optional: true });
  };
  const edge = stem === "7x7" ? 7 : 3;
  pair("conv1", "bn1", [64, channels, edge, edge]);
  let into = 64;
  for (const [i, count] of counts.entries()) {
    const planes = 64 * 2 ** i;
    const width = inner * 2 ** i;
    const out = bottleneck ? 4 * planes : planes;
    for (let b = 0; b < count; b++) {
      const at = `layer${i + 1}.${b}`;
      const shapes = bottleneck
        ? [
            [width, into, 1, 1],
            [width, width / groups, 3, 3],
            [out, width, 1, 1],
          ]
        : [
            [planes, into, 3, 3],
            [planes, planes, 3, 3],
          ];
      for (const [k, shape] of shapes.entries()) pair(`${at}.conv${k + 1}`, `${at}.bn${k + 1}`, shape);
      if (b === 0 && (into !== out || i > 0)) pair(`${at}.downsample.0`, `${at}.downsample.1`, [out, into, 1, 1]);
      into = out;
    }
  }
  return all;
}
