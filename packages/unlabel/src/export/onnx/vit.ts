// A ViT as ONNX operators, for images of one size: positions are made for its grid.
import { type nn, noGrad, scope } from "@unlabel/torch";
import type { LayerScale } from "../../encoders/transformer.ts";
import type { VisionTransformer } from "../../encoders/vit.ts";
import { vitForm } from "../vit-form.ts";
import type { Encoded } from "./encoded.ts";
import type { Value } from "./graph.ts";
import type { Layers } from "./layers.ts";
import { floatsOf } from "./numbers.ts";

/** @param size edge of the images in pixels, which the patch divides */
export function emitVit(layers: Layers, images: Value, vit: VisionTransformer, size: number): Encoded {
  vitForm(vit);
  const { graph } = layers;
  const { width } = vit;
  const grid = size / vit.patch;
  const { before, places, count } = placed(vit, grid);
  const patches = layers.places(layers.conv(layers.enter(images), "patch_embed.proj", vit.patch_embed.proj));
  let x = layers.add(patches, layers.numbers("pos_embed", [1, grid * grid, width], places));
  if (before) {
    const batch = graph.node("Shape", [images], { start: 0, end: 1 });
    const shape = graph.node("Concat", [batch, graph.ints([count, width])], { axis: 0 });
    const first = graph.node("Expand", [layers.numbers("before", [1, count, width], before), shape]);
    x = graph.node("Concat", [first, x], { axis: 1 });
  }
  const scaled = (branch: Value, name: string, scale: LayerScale | null) =>
    scale ? graph.node("Mul", [branch, layers.weight(`${name}.gamma`, scale.gamma)]) : branch;
  for (const [i, { norm1, attn, ls1, norm2, mlp, ls2 }] of vit.blocks.entries()) {
    const name = `blocks.${i}`;
    const attended = layers.attention(layers.layerNorm(x, `${name}.norm1`, norm1), `${name}.attn`, attn);
    x = layers.add(x, scaled(attended, `${name}.ls1`, ls1));
    const changed = layers.mlp(layers.layerNorm(x, `${name}.norm2`, norm2), `${name}.mlp`, mlp);
    x = layers.add(x, scaled(changed, `${name}.ls2`, ls2));
  }
  const all = layers.leave(vit.norm ? layers.layerNorm(x, "norm", vit.norm) : x);
  const cut = once(
    (from: number, to: number): Value =>
      graph.node("Slice", [all, graph.ints([from]), graph.ints([to]), graph.ints([1])]),
  );
  const tokens = () => (count === 0 ? all : cut(count, count + grid * grid));
  const classToken = () => graph.node("Reshape", [cut(0, 1), graph.ints([0, width])]);
  const pool = (op: string) => graph.node(op, [tokens(), graph.ints([1])], { keepdims: 0 });
  return {
    tokens,
    features: () => {
      const parts = {
        mean_max: () => [pool("ReduceMean"), pool("ReduceMax")],
        class: () => [classToken()],
        mean: () => [pool("ReduceMean")],
        class_mean: () => [classToken(), pool("ReduceMean")],
      }[vit.pooling]();
      const found = vit.fc_norm ? parts.map(behind(layers, vit.fc_norm)) : parts;
      return found.length === 1 ? found[0]! : graph.node("Concat", found, { axis: 1 });
    },
    hidden: () => all,
    pooled: classToken,
  };
}

/** A norm behind pooling; each of several parts goes through the same weights. */
function behind(layers: Layers, norm: nn.LayerNorm): (part: Value, i: number) => Value {
  return (part, i) => layers.leave(layers.layerNorm(layers.enter(part), `fc_norm${i > 0 ? `.${i}` : ""}`, norm));
}

/** Tokens before the patches with their positions, `[count, width]`, and the places' positions, `[grid², width]`. */
function placed(vit: VisionTransformer, grid: number) {
  return noGrad(() =>
    scope(() => {
      const { before, places } = vit.placed([grid, grid]);
      return { before: before && floatsOf(before), places: floatsOf(places), count: before?.shape[1] ?? 0 };
    }),
  );
}

/** The same values are cut once. */
function once(make: (from: number, to: number) => Value): (from: number, to: number) => Value {
  const made = new Map<string, Value>();
  return (from, to) => {
    const key = `${from}:${to}`;
    const found = made.get(key) ?? make(from, to);
    made.set(key, found);
    return found;
  };
}
