// A ViT as ONNX operators, for images of one size: positions are made for its grid.
import { noGrad, scope, type Tensor } from "@unlabel/torch";
import type { VisionTransformer } from "../../encoders/vit.ts";
import { plainVit } from "../vit-form.ts";
import { positionsFor } from "../weights/positions.ts";
import type { Encoded } from "./encoded.ts";
import type { Value } from "./graph.ts";
import type { Layers } from "./layers.ts";
import { floatsOf } from "./numbers.ts";

/** @param size edge of the images in pixels, which the patch divides */
export function emitVit(layers: Layers, images: Value, vit: VisionTransformer, size: number): Encoded {
  const { classToken, norm } = plainVit(vit);
  const { graph } = layers;
  const { width } = vit;
  const grid = size / vit.patch;
  const [first, places] = positioned(vit, classToken, grid);
  const patches = layers.places(layers.conv(layers.enter(images), "patch_embed.proj", vit.patch_embed.proj));
  const placed = layers.add(patches, layers.numbers("pos_embed", [1, grid * grid, width], places));
  const batch = graph.node("Shape", [images], { start: 0, end: 1 });
  const shape = graph.node("Concat", [batch, graph.ints([1, width])], { axis: 0 });
  const token = graph.node("Expand", [layers.numbers("cls_token", [1, 1, width], first), shape]);
  let x = graph.node("Concat", [token, placed], { axis: 1 });
  for (const [i, { norm1, attn, norm2, mlp }] of vit.blocks.entries()) {
    const name = `blocks.${i}`;
    x = layers.add(x, layers.attention(layers.layerNorm(x, `${name}.norm1`, norm1), `${name}.attn`, attn));
    const inner = layers.linear(layers.layerNorm(x, `${name}.norm2`, norm2), `${name}.mlp.fc1`, mlp.fc1);
    x = layers.add(x, layers.linear(layers.gelu(inner, `${name}.mlp.act`), `${name}.mlp.fc2`, mlp.fc2));
  }
  const all = layers.leave(layers.layerNorm(x, "norm", norm));
  const cut = (from: number, to: number) =>
    graph.node("Slice", [all, graph.ints([from]), graph.ints([to]), graph.ints([1])]);
  let cutOnce: Value | undefined;
  const tokens = () => {
    cutOnce ??= cut(1, 1 + grid * grid);
    return cutOnce;
  };
  return {
    tokens,
    features: () => {
      const pool = (op: string) => graph.node(op, [tokens(), graph.ints([1])], { keepdims: 0 });
      return graph.node("Concat", [pool("ReduceMean"), pool("ReduceMax")], { axis: 1 });
    },
    hidden: () => all,
    pooled: () => graph.node("Reshape", [cut(0, 1), graph.ints([0, width])]),
  };
}

/** The class token with its position, `[width]`, and the places' positions, `[grid², width]`. */
function positioned(vit: VisionTransformer, classToken: Tensor, grid: number): [Float32Array, Float32Array] {
  return noGrad(() =>
    scope((): [Float32Array, Float32Array] => {
      const table = positionsFor(vit, grid).select(0, 0);
      const first = classToken.reshape([vit.width]).add(table.select(0, 0));
      return [floatsOf(first), floatsOf(table.narrow(0, 1, grid * grid))];
    }),
  );
}
