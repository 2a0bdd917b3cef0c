// What can be told of an encoder from names and shapes alone, and from the config beside them where there is one.

/** What all families have. */
interface FoundBase {
  /** The name here of an encoder of these sizes, whether it is built already or not; null where none has them. */
  encoder: string | null;
  /** Of an image. */
  channels: number;
  /** Edge of the images that it was trained on, in pixels; null where nothing says so. */
  size: number | null;
}

/** A ResNet (arXiv:1512.03385). */
export interface FoundResNet extends FoundBase {
  /** Which kind it is. */
  family: "resnet";
  /** Blocks of three convolutions. */
  bottleneck: boolean;
  /** Blocks of each stage. */
  counts: number[];
  /** Channels that the 3 × 3 convolution of the first stage gives: 64, in a wide ResNet 128. */
  inner: number;
  /** Groups of that convolution; more than one in a ResNeXt. */
  groups: number;
  /** Its first convolution, by its edge. */
  stem: "7x7" | "3x3" | "other";
  /** Whether a bottleneck's stride is on its first convolution (as before torchvision's "v1.5"); null where nothing says so. */
  strideFirst: boolean | null;
}

/** A Vision Transformer (arXiv:2010.11929). */
export interface FoundVit extends FoundBase {
  /** Which kind it is. */
  family: "vit";
  /** Number of blocks. */
  depth: number;
  /** Of a token. */
  width: number;
  /** Null where neither a config nor the width tells. */
  heads: number | null;
  /** Width within an MLP. */
  hidden: number;
  /** Edge in pixels. */
  patch: number;
  /** Rows and columns of the positions; null where they form no square and nothing says how they lie. */
  grid: [number, number] | null;
  /** Whether there is a class token. */
  classToken: boolean;
  /** Whether the class token has a position of its own. */
  classPosition: boolean;
  /** How many registers (arXiv:2309.16588). */
  registers: number;
  /** Whether registers have positions of their own. */
  registerPositions: boolean;
  /** Whether each branch is scaled channel by channel (arXiv:2103.17239). */
  layerScale: boolean;
  /** Whether queries, keys and values have a bias. */
  qkvBias: boolean;
  /** Of LayerNorm; null where no config says so. */
  normEps: number | null;
  /** Whether the last norm comes after the patch tokens' mean (`fc_norm` of timm and of MAE's fine-tuning) instead of before. */
  pooledNorm: boolean;
  /** How its program makes positions for other images; null where nothing tells. */
  interpolation: "antialias" | "bicubic" | "offset" | null;
}

/** A ConvNeXt (arXiv:2201.03545). */
export interface FoundConvNext extends FoundBase {
  /** Which kind it is. */
  family: "convnext";
  /** Blocks of each stage. */
  depths: number[];
  /** Channels of each stage. */
  widths: number[];
  /** Whether each branch is scaled channel by channel. */
  layerScale: boolean;
}

/** What was found. */
export type FoundArchitecture = FoundResNet | FoundVit | FoundConvNext;

/** What a config, or the program that wrote a file, says beyond shapes. */
export interface Hints {
  /** Attention heads of a block. */
  heads?: number | undefined;
  /** Added to the variance in LayerNorm. */
  normEps?: number | undefined;
  /** Edge of its images in pixels. */
  size?: number | undefined;
  /** Whether a bottleneck's stride is on its first convolution. */
  strideFirst?: boolean | undefined;
  /** How positions are made for other images. */
  interpolation?: "antialias" | "bicubic" | "offset" | undefined;
}

/** Shapes by our names. */
export type Shapes = ReadonlyMap<string, readonly number[]>;

/** What an architecture has: the shape of each tensor by our name, and whether it may be absent. */
export type Expected = Map<string, { shape: readonly number[]; optional?: true }>;

/** How many there are of `PREFIX0.`, `PREFIX1.`, …, without a gap; 0 where there is none or one is left out. */
export function countOf(shapes: Shapes, prefix: string): number {
  const found = new Set<number>();
  for (const name of shapes.keys()) {
    if (!name.startsWith(prefix)) continue;
    const number = /^\d+/.exec(name.slice(prefix.length))?.[0];
    if (number !== undefined) found.add(Number(number));
  }
  return found.size > 0 && Math.max(...found) === found.size - 1 ? found.size : 0;
}
