// A ResNet as ONNX operators, each BatchNorm folded into the convolution before it.
import type { FoldedResNet } from "../../encoders/folded.ts";
import type { Encoded } from "./encoded.ts";
import type { Value } from "./graph.ts";
import type { Layers } from "./layers.ts";

/** @param pools whether a max-pool comes after the stem */
export function emitResNet(layers: Layers, images: Value, { stem, blocks }: FoldedResNet, pools: boolean): Encoded {
  const { graph } = layers;
  let x = layers.relu(layers.conv(layers.enter(images), "stem", stem));
  if (pools) x = graph.node("MaxPool", [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  for (const [b, { branch, shortcut }] of blocks.entries()) {
    let out = x;
    for (const [i, conv] of branch.entries()) {
      out = layers.conv(out, `blocks.${b}.branch.${i}`, conv);
      if (i + 1 < branch.length) out = layers.relu(out);
    }
    const beside = shortcut ? layers.conv(x, `blocks.${b}.shortcut`, shortcut) : x;
    x = layers.relu(layers.add(out, beside));
  }
  const map = layers.leave(x);
  const mean = (keepdims: 0 | 1) => graph.node("ReduceMean", [map, graph.ints([2, 3])], { keepdims });
  return { features: () => mean(0), tokens: () => layers.places(map), hidden: () => map, pooled: () => mean(1) };
}
