// Layers as ONNX operators, one emitter a kind of layer, in any of the number formats that a file can have. A new architecture is put
// together from these.
import { type nn, noGrad, scope, type Tensor } from "@unlabel/torch";
import { bytesOf, type Graph, type Value } from "./graph.ts";
import { floatsOf, halves, perChannel } from "./numbers.ts";

/**
 * How weights are kept and computed with. `fp16`: halves, float32 at inputs and outputs. `int8`: linear layers multiply 8-bit numbers,
 * activations quantised as they come; convolutions keep 8-bit weights alone, which runtimes widen.
 */
export type Precision = "fp32" | "fp16" | "int8";

/** Emits layers into one graph. Values between them are of {@link Layers.elem}. */
export class Layers {
  readonly graph: Graph;
  readonly precision: Precision;

  constructor(graph: Graph, precision: Precision) {
    this.graph = graph;
    this.precision = precision;
  }

  /** What layers compute with. */
  get elem(): "float32" | "float16" {
    return this.precision === "fp16" ? "float16" : "float32";
  }

  /** From the graph's inputs, which are float32. */
  enter(x: Value): Value {
    return this.elem === "float16" ? this.graph.cast(x, "float16") : x;
  }

  /** Back to float32, for pooling and outputs. */
  leave(x: Value): Value {
    return this.elem === "float16" ? this.graph.cast(x, "float32") : x;
  }

  /** A tensor as it is, in the layers' number format. */
  weight(name: string, tensor: Tensor): Value {
    return this.numbers(name, tensor.shape, floatsOf(tensor));
  }

  /** The same from numbers. */
  numbers(name: string, dims: readonly number[], values: Float32Array): Value {
    const { elem } = this;
    return this.graph.constant(name, elem, dims, elem === "float16" ? halves(values) : bytesOf(values));
  }

  /** One number, to compute with. */
  number(name: string, value: number): Value {
    return this.numbers(name, [], Float32Array.of(value));
  }

  /** A convolution: `[N, C, H, W]` → `[N, D, h, w]`. */
  conv(x: Value, name: string, { weight, bias, stride, padding, dilation, groups }: nn.Conv2d): Value {
    const [rows, columns] = padding;
    const kernel = this.precision === "int8" ? this.#narrowKernel(name, weight) : this.weight(`${name}.weight`, weight);
    return this.graph.node("Conv", bias ? [x, kernel, this.weight(`${name}.bias`, bias)] : [x, kernel], {
      kernel_shape: weight.shape.slice(2),
      strides: stride,
      dilations: dilation,
      group: groups,
      pads: [rows, columns, rows, columns],
    });
  }

  /** A linear layer over the last axis: `[…, in]` → `[…, out]`. */
  linear(x: Value, name: string, { weight, bias }: Pick<nn.Linear, "weight" | "bias">): Value {
    const [out = 0, into = 0] = weight.shape;
    const matrix = noGrad(() => scope(() => floatsOf(weight.transpose(0, 1))));
    const product =
      this.precision === "int8"
        ? this.#narrowProduct(x, name, [into, out], matrix)
        : this.graph.node("MatMul", [x, this.numbers(`${name}.weight`, [into, out], matrix)]);
    return bias ? this.add(product, this.weight(`${name}.bias`, bias)) : product;
  }

  /** Normalises the last axis; sums are float32 in every number format. */
  layerNorm(x: Value, name: string, { weight, bias, eps, normalizedShape }: nn.LayerNorm): Value {
    const [dim = 0] = normalizedShape;
    const scale = weight
      ? this.weight(`${name}.weight`, weight)
      : this.numbers(`${name}.weight`, [dim], new Float32Array(dim).fill(1));
    const inputs = bias ? [x, scale, this.weight(`${name}.bias`, bias)] : [x, scale];
    return this.graph.node("LayerNormalization", inputs, { axis: -1, epsilon: { float: eps } });
  }

  add(a: Value, b: Value): Value {
    return this.graph.node("Add", [a, b]);
  }

  relu(x: Value): Value {
    return this.graph.node("Relu", [x]);
  }

  /** By the error function, as PyTorch's default: runtimes know this sequence, and make one operator of it. */
  gelu(x: Value, name: string): Value {
    const { graph } = this;
    const erf = graph.node("Erf", [graph.node("Div", [x, this.number(`${name}.root`, Math.SQRT2)])]);
    const share = this.add(erf, this.number(`${name}.one`, 1));
    return graph.node("Mul", [graph.node("Mul", [x, share]), this.number(`${name}.half`, 0.5)]);
  }

  /** `fc2(gelu(fc1(x)))` over the last axis. */
  mlp(x: Value, name: string, { fc1, fc2 }: { fc1: nn.Linear; fc2: nn.Linear }): Value {
    return this.linear(this.gelu(this.linear(x, `${name}.fc1`, fc1), `${name}.act`), `${name}.fc2`, fc2);
  }

  /** `softmax(q·kᵀ / √d)·v` of each head, joined and projected: `[N, T, dim]` → the same. */
  attention(x: Value, name: string, { qkv, proj, heads }: nn.MultiheadSelfAttention): Value {
    const { graph } = this;
    const dim = proj.weight.shape[0]!;
    const size = dim / heads;
    const parts = [this.linear(x, `${name}.qkv`, qkv), graph.ints([dim, dim, dim])];
    const [query, key, value] = graph.nodes("Split", parts, { axis: -1 }, 3).map((part, i) =>
      graph.node("Transpose", [graph.node("Reshape", [part, graph.ints([0, -1, heads, size])])], {
        perm: i === 1 ? [0, 2, 3, 1] : [0, 2, 1, 3],
      }),
    );
    // Scaled before the product: halves end at 65,504.
    const scaled = graph.node("Mul", [query!, this.number(`${name}.scale`, size ** -0.5)]);
    const shares = graph.node("Softmax", [graph.node("MatMul", [scaled, key!])], { axis: -1 });
    const mixed = graph.node("Transpose", [graph.node("MatMul", [shares, value!])], { perm: [0, 2, 1, 3] });
    return this.linear(graph.node("Reshape", [mixed, graph.ints([0, -1, dim])]), `${name}.proj`, proj);
  }

  /** A feature map `[N, D, h, w]`, place by place: `[N, h·w, D]`. */
  places(map: Value): Value {
    const { graph } = this;
    return graph.node("Transpose", [graph.node("Reshape", [map, graph.ints([0, 0, -1])])], { perm: [0, 2, 1] });
  }

  /** 8-bit weights with a scale an output channel, which the runtime widens before it convolves. */
  #narrowKernel(name: string, weight: Tensor): Value {
    const { graph } = this;
    const [out = 0] = weight.shape;
    const { values, scales } = perChannel(floatsOf(weight), out, "rows");
    const kernel = graph.constant(`${name}.weight_int8`, "int8", weight.shape, bytesOf(values));
    const scale = graph.constant(`${name}.weight_scale`, "float32", [out], bytesOf(scales));
    return graph.node("DequantizeLinear", [kernel, scale], { axis: 0 });
  }

  /**
   * A product of 8-bit numbers: the activations' range is measured as they come, weights have a scale a column. Both are unsigned:
   * CPUs without VNNI add pairs of signed products in 16 bits, which overflow.
   */
  #narrowProduct(x: Value, name: string, dims: readonly [number, number], weight: Float32Array): Value {
    const { graph } = this;
    const [, out] = dims;
    const { values, scales } = perChannel(weight, out, "columns");
    const shifted = Uint8Array.from(values, (value) => value + 128);
    const matrix = graph.constant(`${name}.weight_uint8`, "uint8", dims, shifted);
    const columns = graph.constant(`${name}.weight_scale`, "float32", [out], bytesOf(scales));
    const [narrow, scale, zero] = graph.nodes("DynamicQuantizeLinear", [x], {}, 3);
    const sums = graph.node("MatMulInteger", [narrow!, matrix, zero!, graph.scalar(128, "uint8")]);
    return graph.node("Mul", [graph.cast(sums, "float32"), graph.node("Mul", [scale!, columns])]);
  }
}
