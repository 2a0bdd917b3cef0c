// ResNet-18/34/50/101/152 (arXiv:1512.03385), and wide ones (arXiv:1605.07146), without their classifier, with torchvision's
// structure, initialisation and names.
// The stride of a bottleneck is on its 3×3 convolution, as in torchvision ("v1.5").
import { type DType, nn, scope, type Tensor } from "@unlabel/torch";
import { drawPaths, dropPath, dropRates } from "./drop-path.ts";
import { Encoder, type TokenOptions, type Tokens } from "./encoder.ts";
import type { ResNetAbout } from "./facts.ts";
import { FoldedResNet, type Pair, refuseChoice, tokensOfMap } from "./folded.ts";
import { throughBlocks } from "./recompute.ts";

/** Options of a {@link ResNet}. */
export interface ResNetOptions {
  /** First layer. `7x7`: stride 2, then a max-pool of stride 2. `3x3`: stride 1 and no pool, for small images. Default `7x7`. */
  stem?: "7x7" | "3x3" | undefined;
  /** Starts each residual branch at zero by its last norm scale (arXiv:1706.02677). Default false. */
  zeroInitResidual?: boolean | undefined;
  /** Of an image; default 3. */
  channels?: number | undefined;
  /** How often the last block's branch is left out in training (drop-path.ts); default 0. */
  dropPath?: number | undefined;
}

/** `[B, channels, H, W]` → the mean over positions of the last feature map, `[B, dim]`; dim is 512, with bottlenecks 2048. */
export class ResNet extends Encoder {
  override readonly dim: number;
  /** Channels of an image. */
  readonly channels: number;
  readonly #stem: "7x7" | "3x3";
  readonly #rates: readonly number[];
  /** The first convolution, to 64 channels. */
  conv1: nn.Conv2d;
  /** The norm after it. */
  bn1: nn.BatchNorm2d;
  /** The first stage, at the resolution that the stem leaves. */
  layer1: nn.Sequential;
  /** The second stage, at half that resolution. */
  layer2: nn.Sequential;
  /** The third stage, at a quarter. */
  layer3: nn.Sequential;
  /** The last stage, at an eighth; its map is what features are the mean of. */
  layer4: nn.Sequential;

  /** @throws {UserError} where `dropPath` is not in [0, 1) */
  constructor(
    { bottleneck, counts, baseWidth = 64 }: Pick<ResNetAbout, "bottleneck" | "counts" | "baseWidth">,
    options: ResNetOptions = {},
  ) {
    super();
    const { stem = "7x7", zeroInitResidual = false, channels = 3, dropPath = 0 } = options;
    const expansion = bottleneck ? 4 : 1;
    const stage = (index: number) => {
      const planes = 64 * 2 ** index;
      const blocks = Array.from({ length: counts[index]! }, (_, i) => {
        const into = i > 0 ? planes * expansion : index > 0 ? (planes / 2) * expansion : 64;
        const stride = i === 0 && index > 0 ? 2 : 1;
        if (!bottleneck) return new BasicBlock(into, planes, stride);
        return new Bottleneck(into, baseWidth * 2 ** index, planes, stride);
      });
      return new nn.Sequential(...blocks);
    };
    this.#stem = stem;
    this.#rates = dropRates(
      dropPath,
      counts.reduce((sum, count) => sum + count),
    );
    this.channels = channels;
    this.dim = 512 * expansion;
    this.conv1 = stem === "7x7" ? convolution(channels, 64, 7, 2) : convolution(channels, 64, 3);
    this.bn1 = new nn.BatchNorm2d(64);
    this.layer1 = stage(0);
    this.layer2 = stage(1);
    this.layer3 = stage(2);
    this.layer4 = stage(3);
    for (const module of this.modules()) {
      if (module instanceof nn.Conv2d) {
        nn.init.kaimingNormal(module.weight, { mode: "fan_out", nonlinearity: "relu" });
      } else if (zeroInitResidual && module instanceof Residual) {
        module.zeroInit();
      }
    }
  }

  override forward(images: Tensor): Tensor {
    return this.#map(images).mean([2, 3]);
  }

  /** The last feature map, place by place; a convolution sees neighbours, so no place can be left out. */
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

  override folded(dtype: DType): Encoder {
    const { dim, conv1, bn1 } = this;
    const blocks = this.#blocks().map(({ branchPairs, downsample }) => ({
      branch: branchPairs,
      shortcut: downsample && ([...downsample] as unknown as Pair),
    }));
    return new FoldedResNet({ dim, stem: [conv1, bn1], pools: this.#stem === "7x7", blocks }, dtype);
  }

  #map(images: Tensor): Tensor {
    let x = this.bn1.relu(this.conv1.call(images));
    if (this.#stem === "7x7") x = x.maxPool2d(3, 2, 1);
    return throughBlocks(x, this.#blocks(), this.training ? drawPaths(this.#rates, 1, x) : []);
  }

  #blocks(): Residual[] {
    return [this.layer1, this.layer2, this.layer3, this.layer4].flatMap((stage) => [...stage] as Residual[]);
  }
}

/** `relu(x + branch(x))`; where the shape changes, `x` goes through a 1×1 convolution and a norm. */
abstract class Residual extends nn.Module<[x: Tensor, paths?: Tensor | null], Tensor> {
  abstract downsample: nn.Sequential | null;
  /** The branch but for its last norm. */
  protected abstract branch(x: Tensor): Tensor;
  protected abstract readonly last: nn.BatchNorm2d;
  /** The branch's convolutions, each with the norm after it; a ReLU stands between one and the next. */
  abstract readonly branchPairs: readonly Pair[];

  /** @param paths `[B, 1]`, what the branch is multiplied by (drop-path.ts) */
  override forward(x: Tensor, paths?: Tensor | null): Tensor {
    const shortcut = this.downsample?.call(x) ?? x;
    const out = this.branch(x);
    if (!paths) return this.last.relu(out, shortcut);
    return dropPath(this.last.call(out), paths).add(shortcut).relu();
  }

  zeroInit(): void {
    nn.init.zeros(this.last.weight!);
  }
}

class BasicBlock extends Residual {
  conv1: nn.Conv2d;
  bn1: nn.BatchNorm2d;
  conv2: nn.Conv2d;
  bn2: nn.BatchNorm2d;
  override downsample: nn.Sequential | null;

  constructor(into: number, planes: number, stride: number) {
    super();
    this.conv1 = convolution(into, planes, 3, stride);
    this.bn1 = new nn.BatchNorm2d(planes);
    this.conv2 = convolution(planes, planes, 3);
    this.bn2 = new nn.BatchNorm2d(planes);
    this.downsample = shortcut(into, planes, stride);
  }

  protected override get last(): nn.BatchNorm2d {
    return this.bn2;
  }

  override get branchPairs(): readonly Pair[] {
    return [
      [this.conv1, this.bn1],
      [this.conv2, this.bn2],
    ];
  }

  protected override branch(x: Tensor): Tensor {
    return this.conv2.call(this.bn1.relu(this.conv1.call(x)));
  }
}

class Bottleneck extends Residual {
  conv1: nn.Conv2d;
  bn1: nn.BatchNorm2d;
  conv2: nn.Conv2d;
  bn2: nn.BatchNorm2d;
  conv3: nn.Conv2d;
  bn3: nn.BatchNorm2d;
  override downsample: nn.Sequential | null;

  /** @param inner channels within, as many as `planes` or, in a wide one, twice */
  constructor(into: number, inner: number, planes: number, stride: number) {
    super();
    this.conv1 = convolution(into, inner, 1);
    this.bn1 = new nn.BatchNorm2d(inner);
    this.conv2 = convolution(inner, inner, 3, stride);
    this.bn2 = new nn.BatchNorm2d(inner);
    this.conv3 = convolution(inner, 4 * planes, 1);
    this.bn3 = new nn.BatchNorm2d(4 * planes);
    this.downsample = shortcut(into, 4 * planes, stride);
  }

  protected override get last(): nn.BatchNorm2d {
    return this.bn3;
  }

  override get branchPairs(): readonly Pair[] {
    return [
      [this.conv1, this.bn1],
      [this.conv2, this.bn2],
      [this.conv3, this.bn3],
    ];
  }

  protected override branch(x: Tensor): Tensor {
    const out = this.bn1.relu(this.conv1.call(x));
    return this.conv3.call(this.bn2.relu(this.conv2.call(out)));
  }
}

/** Without a bias, which the norm behind it would undo; padded so that stride 1 keeps the size. */
function convolution(into: number, out: number, kernel: number, stride = 1): nn.Conv2d {
  return new nn.Conv2d(into, out, kernel, { stride, padding: (kernel - 1) / 2, bias: false });
}

function shortcut(into: number, out: number, stride: number): nn.Sequential | null {
  if (stride === 1 && into === out) return null;
  return new nn.Sequential(convolution(into, out, 1, stride), new nn.BatchNorm2d(out));
}
