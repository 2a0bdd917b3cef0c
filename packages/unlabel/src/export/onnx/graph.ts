// An ONNX graph in the making: nodes in the order in which they are computed, and the constants that they use. Names are ours to give;
// the encoding is @bufbuild/protobuf's, by ONNX's own schema.
import { create, toBinary } from "@bufbuild/protobuf";
import { UserError } from "../../base/errors.ts";
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "./onnx_pb.ts";

/** ONNX's operators of 2022: Resize antialiases, and LayerNormalization is one operator. ONNX Runtime has read it since 1.14. */
export const OPSET = 18;
/** Of the file's format; what ONNX 1.13 wrote, the first with that opset. */
const IR_VERSION = 8n;
/** Protobuf's limit is 2 GiB for a file. */
const MOST_BYTES = 2 ** 31 - 2 ** 20;

const ELEMS = {
  float32: DataType.FLOAT,
  float16: DataType.FLOAT16,
  int8: DataType.INT8,
  uint8: DataType.UINT8,
  uint16: DataType.UINT16,
  int64: DataType.INT64,
} as const;

/** Number formats of values. */
export type Elem = keyof typeof ELEMS;

/** What a value in the graph goes by. */
export type Value = string;

/** Whole numbers one by one or as a list, a fraction, or a word. */
export type Attribute = number | readonly number[] | string | { float: number };

/** The length of an axis, or a name where it may have any. */
export type Axis = number | string;

/** What a file says of itself. */
export interface ModelWords {
  /** Of the graph. */
  name: string;
  /** For people. */
  doc: string;
  /** Of unlabel. */
  version: string;
  /** For programs. */
  metadata: Readonly<Record<string, string>>;
}

/** See the head of this file. */
export class Graph {
  readonly #nodes: NodeProto[] = [];
  readonly #constants: TensorProto[] = [];
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: ValueInfoProto[] = [];
  readonly #known = new Map<string, Value>();
  #bytes = 0;

  /** An input of the graph. */
  input(name: string, elem: Elem, shape: readonly Axis[]): Value {
    this.#inputs.push(valueInfo(name, elem, shape));
    return name;
  }

  /** Gives a value out under a name of its own. */
  output(name: string, value: Value, elem: Elem, shape: readonly Axis[]): void {
    this.#nodes.push(create(NodeProtoSchema, { opType: "Identity", name, input: [value], output: [name] }));
    this.#outputs.push(valueInfo(name, elem, shape));
  }

  /** A node with one output. @param inputs an empty name stands for one that is left out */
  node(opType: string, inputs: readonly Value[], attributes: Readonly<Record<string, Attribute>> = {}): Value {
    return this.nodes(opType, inputs, attributes, 1)[0]!;
  }

  /** A node with so many outputs. */
  nodes(
    opType: string,
    inputs: readonly Value[],
    attributes: Readonly<Record<string, Attribute>>,
    count: number,
  ): Value[] {
    const name = `${opType}_${this.#nodes.length}`;
    const output = Array.from({ length: count }, (_, i) => (count === 1 ? `${name}.out` : `${name}.out${i}`));
    const attribute = Object.entries(attributes).map(([key, value]) => attributeProto(key, value));
    this.#nodes.push(create(NodeProtoSchema, { opType, name, input: [...inputs], output, attribute }));
    return output;
  }

  /** Another number format. */
  cast(x: Value, elem: Elem): Value {
    return this.node("Cast", [x], { to: ELEMS[elem] });
  }

  /**
   * A constant.
   *
   * @param name what it is called in the file; unique
   * @param bytes little-endian, row-major
   * @throws {UserError} where all of them together are too much for one file
   */
  constant(name: string, elem: Elem, dims: readonly number[], bytes: Uint8Array): Value {
    this.#bytes += bytes.byteLength;
    if (this.#bytes > MOST_BYTES) {
      throw new UserError(
        "Expected weights of less than 2 GB for one ONNX file, got more; use --precision fp16 or int8, or --to timm",
      );
    }
    const dataType = ELEMS[elem];
    this.#constants.push(create(TensorProtoSchema, { name, dataType, dims: dims.map(BigInt), rawData: bytes }));
    return name;
  }

  /** A list of whole numbers; the same list is kept once. */
  ints(values: readonly number[]): Value {
    return this.#once(`ints_${values.join("_")}`, (name) =>
      this.constant(name, "int64", [values.length], bytesOf(BigInt64Array.from(values, BigInt))),
    );
  }

  /** One number without axes; the same is kept once. */
  scalar(value: number, elem: "float32" | "uint8" = "float32"): Value {
    return this.#once(`${elem}_${value}`, (name) =>
      this.constant(name, elem, [], bytesOf(elem === "uint8" ? Uint8Array.of(value) : Float32Array.of(value))),
    );
  }

  /** Fractions of any shape. */
  floats(name: string, dims: readonly number[], values: readonly number[]): Value {
    return this.constant(name, "float32", dims, bytesOf(Float32Array.from(values)));
  }

  #once(name: string, make: (name: string) => Value): Value {
    const known = this.#known.get(name) ?? make(name);
    this.#known.set(name, known);
    return known;
  }

  /** The file's bytes. */
  encode({ name, doc, version, metadata }: ModelWords): Uint8Array {
    const graph = create(GraphProtoSchema, {
      ...{ name, node: this.#nodes, initializer: this.#constants },
      ...{ input: this.#inputs, output: this.#outputs },
    });
    const model = create(ModelProtoSchema, {
      irVersion: IR_VERSION,
      opsetImport: [{ domain: "", version: BigInt(OPSET) }],
      producerName: "unlabel",
      producerVersion: version,
      docString: doc,
      metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
      graph,
    });
    return toBinary(ModelProtoSchema, model);
  }
}

/** A typed array's own bytes. */
export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView<ArrayBufferLike>): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function valueInfo(name: string, elem: Elem, shape: readonly Axis[]): ValueInfoProto {
  const dim = shape.map((axis) =>
    typeof axis === "string"
      ? { value: { case: "dimParam" as const, value: axis } }
      : { value: { case: "dimValue" as const, value: BigInt(axis) } },
  );
  const tensor = { elemType: ELEMS[elem], shape: { dim } };
  return create(ValueInfoProtoSchema, { name, type: { value: { case: "tensorType", value: tensor } } });
}

function attributeProto(name: string, value: Attribute): AttributeProto {
  if (typeof value === "number")
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) });
  if (typeof value === "string") {
    return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) });
  }
  if (isFraction(value)) return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value.float });
  return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(BigInt) });
}

function isFraction(value: readonly number[] | { float: number }): value is { float: number } {
  return !Array.isArray(value);
}
