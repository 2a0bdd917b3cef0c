// A ConvNeXt as ONNX operators. Norms and MLPs see the channels of each place last, convolutions see them first.
import type { nn } from "@unlabel/torch";
import type { ConvNeXt } from "../../encoders/convnext.ts";
import type { Encoded } from "./encoded.ts";
import type { Value } from "./graph.ts";
import type { Layers } from "./layers.ts";

export function emitConvNeXt(layers: Layers, images: Value, { stem, stages, head }: ConvNeXt): Encoded {
  const { graph } = layers;
  const last = (x: Value) => graph.node("Transpose", [x], { perm: [0, 2, 3, 1] });
  const second = (x: Value) => graph.node("Transpose", [x], { perm: [0, 3, 1, 2] });
  const norm = (x: Value, name: string, one: nn.LayerNorm) => second(layers.layerNorm(last(x), name, one));
  const [patches, after] = [...stem] as unknown as [nn.Conv2d, nn.LayerNorm];
  let x = norm(layers.conv(layers.enter(images), "stem.0", patches), "stem.1", after);
  for (const [s, { downsample, blocks }] of stages.entries()) {
    if (downsample) {
      const name = `stages.${s}.downsample`;
      const [before, halving] = [...downsample] as unknown as [nn.LayerNorm, nn.Conv2d];
      x = layers.conv(norm(x, `${name}.0`, before), `${name}.1`, halving);
    }
    for (const [b, { conv_dw, norm, mlp, gamma }] of blocks.entries()) {
      const name = `stages.${s}.blocks.${b}`;
      const places = layers.layerNorm(last(layers.conv(x, `${name}.conv_dw`, conv_dw)), `${name}.norm`, norm);
      const changed = layers.mlp(places, `${name}.mlp`, mlp);
      const scaled = gamma ? graph.node("Mul", [changed, layers.weight(`${name}.gamma`, gamma)]) : changed;
      x = layers.add(x, second(scaled));
    }
  }
  const map = layers.leave(x);
  let pooled: Value | undefined;
  const features = () => {
    const mean = () => graph.node("ReduceMean", [map, graph.ints([2, 3])], { keepdims: 0 });
    pooled ??= layers.leave(layers.layerNorm(layers.enter(mean()), "head.norm", head.norm));
    return pooled;
  };
  return { features, tokens: () => layers.places(map), hidden: () => map, pooled: features };
}
