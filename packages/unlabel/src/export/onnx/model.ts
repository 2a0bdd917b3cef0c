// A whole ONNX file: what goes in, the encoder, what comes out, and what the file says of itself.
import { UserError } from "../../base/errors.ts";
import { ConvNeXt } from "../../encoders/convnext.ts";
import type { VitDescription } from "../../encoders/description.ts";
import type { Encoder } from "../../encoders/encoder.ts";
import { FoldedResNet } from "../../encoders/folded.ts";
import { VisionTransformer } from "../../encoders/vit.ts";
import type { ExportFacts } from "../facts.ts";
import { emitConvNeXt } from "./convnext.ts";
import type { Encoded } from "./encoded.ts";
import { Graph, type Value } from "./graph.ts";
import { Layers, type Precision } from "./layers.ts";
import { emitPreprocessing, type Samples } from "./preprocess.ts";
import { emitResNet } from "./resnet.ts";
import { emitVit } from "./vit.ts";

/** What a file takes and gives. */
export interface OnnxOptions {
  precision: Precision;
  /** Samples of images as they are, which the graph resizes and normalises; null: `pixel_values`, normalised already. */
  images: Samples | null;
  /** `unlabel`: `features` and `tokens`. `transformers`: `last_hidden_state`, `pooler_output` and `features`. */
  outputs: "unlabel" | "transformers";
}

/** The bytes of an ONNX file of an encoder, which is left as it is. @param encoder in evaluation mode, on the CPU */
export function onnxFile(
  encoder: Encoder,
  facts: ExportFacts,
  { precision, images, outputs }: OnnxOptions,
): Uint8Array {
  const { size, input, mean, std } = facts;
  const graph = new Graph();
  const pixels =
    images === null
      ? graph.input("pixel_values", "float32", ["N", input.channels, size, size])
      : emitPreprocessing(graph, { input, samples: images, size, mean, std });
  const folded = encoder.folded("float32");
  try {
    const found = emit(new Layers(graph, precision), pixels, folded ?? encoder, facts);
    giveOut(graph, found, facts, outputs);
  } finally {
    folded?.dispose();
  }
  return graph.encode({
    name: facts.name,
    doc: `${facts.title} by ${facts.method.title}${facts.method.paper && ` (${facts.method.paper})`}; written by unlabel ${facts.unlabel}`,
    version: facts.unlabel,
    metadata: metadataOf(facts, precision, images),
  });
}

/** Every kind of encoder that has an ONNX form. */
function emit(layers: Layers, pixels: Value, encoder: Encoder, { size, pools }: ExportFacts): Encoded {
  if (encoder instanceof FoldedResNet) return emitResNet(layers, pixels, encoder, pools);
  if (encoder instanceof VisionTransformer) return emitVit(layers, pixels, encoder, size);
  if (encoder instanceof ConvNeXt) return emitConvNeXt(layers, pixels, encoder);
  throw new UserError(`Expected a ResNet, a ViT or a ConvNeXt to export, got ${encoder.constructor.name}`);
}

function giveOut(
  graph: Graph,
  found: Encoded,
  { description, dim, width, grid }: ExportFacts,
  outputs: OnnxOptions["outputs"],
) {
  const [rows, columns] = grid;
  graph.output("features", found.features(), "float32", ["N", dim]);
  if (outputs === "unlabel") {
    graph.output("tokens", found.tokens(), "float32", ["N", rows * columns, width]);
    return;
  }
  const hidden = description.family === "vit" ? [tokensIn(description, rows * columns), width] : [width, rows, columns];
  graph.output("last_hidden_state", found.hidden(), "float32", ["N", ...hidden]);
  const pooled = description.family === "resnet" ? [width, 1, 1] : [width];
  graph.output("pooler_output", found.pooled(), "float32", ["N", ...pooled]);
}

/** All of a ViT's tokens: class token, registers, patches. */
function tokensIn({ classToken = true, registers = 0 }: VitDescription, patches: number): number {
  return (classToken ? 1 : 0) + registers + patches;
}

/** Strings by name; lists are JSON. */
function metadataOf(facts: ExportFacts, precision: Precision, images: Samples | null): Record<string, string> {
  const { input, mean, std, size, run, method, license, unlabel, architecture, step } = facts;
  return {
    ...{ run, method: method.name, architecture, step: String(step), license, unlabel, precision },
    ...{ size: String(size), channels: String(input.channels) },
    ...{ bands: JSON.stringify(input.bands), range: JSON.stringify(input.range) },
    ...{ mean: JSON.stringify(mean), std: JSON.stringify(std) },
    preprocessing:
      images === null
        ? "outside: short side to size (bilinear, antialiased as Pillow's), central square, values between the range's ends (8 bits: 0 and 255) to 0 and 1, minus mean, over std"
        : `inside: images of any size, ${images} [N, H, W, ${input.bands === null ? input.channels : "bands of the file"}]`,
  };
}
