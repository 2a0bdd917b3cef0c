// A ResNet that is done learning: each BatchNorm is part of the convolution before it, so that a map is written once where it was
// written twice, and weights have the number format that they are multiplied in.
import { type DType, nn, scope, type Tensor, TorchError } from "@unlabel/torch";
import { Encoder, type TokenOptions, type Tokens } from "./encoder.ts";

/** A convolution and the norm after it. */
export type Pair = readonly [nn.Conv2d, nn.BatchNorm2d];

/** What a {@link FoldedResNet} is made from. */
export interface ResNetParts {
  dim: number;
  stem: Pair;
  /** Whether a max-pool comes after the stem. */
  pools: boolean;
  /** Residual blocks in their order; `shortcut` where the shape changes. */
  blocks: readonly { branch: readonly Pair[]; shortcut: Pair | null }[];
}

/** In evaluation mode for good. Its names are no checkpoint's. */
export class FoldedResNet extends Encoder {
  override readonly dim: number;
  override training = false;
  readonly #pools: boolean;
  readonly #dtype: DType;
  readonly stem: nn.Conv2d;
  readonly blocks: FoldedBlock[];

  /** @param dtype of weights and maps; folding itself is done in the norms' own */
  constructor({ dim, stem, pools, blocks }: ResNetParts, dtype: DType) {
    super();
    this.dim = dim;
    this.#pools = pools;
    this.#dtype = dtype;
    const fold = ([conv, norm]: Pair) => nn.fuseConvBnEval(conv, norm).to({ dtype });
    this.stem = fold(stem);
    this.blocks = blocks.map(
      ({ branch, shortcut }) => new FoldedBlock(branch.map(fold), shortcut === null ? null : fold(shortcut)),
    );
  }

  override forward(images: Tensor): Tensor {
    return this.#map(images).mean([2, 3]);
  }

  override tokens(images: Tensor, options: TokenOptions = {}): Tokens {
    refuseChoice(options, "a ResNet");
    return scope(() => tokensOfMap(this.#map(images)));
  }

  override both(images: Tensor): Tokens & { features: Tensor } {
    return scope(() => {
      const map = this.#map(images);
      return { features: map.mean([2, 3]), ...tokensOfMap(map) };
    });
  }

  #map(images: Tensor): Tensor {
    let x = this.stem.call(images.to({ dtype: this.#dtype })).relu_();
    if (this.#pools) x = x.maxPool2d(3, 2, 1);
    for (const block of this.blocks) x = block.call(x);
    return x;
  }
}

/** `relu(x + branch(x))`. */
class FoldedBlock extends nn.Module {
  readonly branch: nn.Conv2d[];
  readonly shortcut: nn.Conv2d | null;

  constructor(branch: nn.Conv2d[], shortcut: nn.Conv2d | null) {
    super();
    this.branch = branch;
    this.shortcut = shortcut;
  }

  override forward(x: Tensor): Tensor {
    let out = x;
    for (const [i, conv] of this.branch.entries()) {
      out = conv.call(out);
      if (i + 1 < this.branch.length) out.relu_();
    }
    return out.add_(this.shortcut?.call(x) ?? x).relu_();
  }
}

/** A feature map `[B, D, h, w]`, place by place. */
export function tokensOfMap(map: Tensor): Tokens {
  const [, , height, width] = map.shape as [number, number, number, number];
  return { tokens: map.flatten(2).transpose(1, 2), classToken: null, grid: [height, width] };
}

/** A convolution sees neighbours, so no place can be left out of `net`. @throws {TorchError} where some are to be */
export function refuseChoice({ keep, mask, maskToken }: TokenOptions, net: string): void {
  const given = Object.entries({ keep, mask, maskToken }).find(([, tensor]) => tensor);
  if (!given) return;
  throw new TorchError(
    `Expected no ${given[0]} for ${net}, got ${given[1]}; leaving out patches needs a ViT`,
    "tokens",
  );
}
