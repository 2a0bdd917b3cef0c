// ResNet-18/34/50 (arXiv:1512.03385) without its classifier, with torchvision's structure, initialisation and names.
// The stride of a bottleneck is on its 3×3 convolution, as in torchvision ("v1.5").
import { nn, type Tensor } from "@unlabel/torch";
import { Encoder } from "./encoder.ts";
import { throughBlocks } from "./recompute.ts";

export type ResNetDepth = 18 | 34 | 50;

export interface ResNetOptions {
  /** First layer. `7x7`: stride 2, then a max-pool of stride 2. `3x3`: stride 1 and no pool, for small images. Default `7x7`. */
  stem?: "7x7" | "3x3";
  /** Starts each residual branch at zero by its last norm scale (arXiv:1706.02677). Default false. */
  zeroInitResidual?: boolean;
}

const BLOCKS: Record<ResNetDepth, { bottleneck: boolean; counts: readonly number[] }> = {
  18: { bottleneck: false, counts: [2, 2, 2, 2] },
  34: { bottleneck: false, counts: [3, 4, 6, 3] },
  50: { bottleneck: true, counts: [3, 4, 6, 3] },
};

/** `[B, 3, H, W]` → the mean over positions of the last feature map, `[B, dim]`; dim is 512, for ResNet-50 2048. */
export class ResNet extends Encoder {
  override readonly dim: number;
  readonly #stem: "7x7" | "3x3";
  conv1: nn.Conv2d;
  bn1: nn.BatchNorm2d;
  layer1: nn.Sequential;
  layer2: nn.Sequential;
  layer3: nn.Sequential;
  layer4: nn.Sequential;

  constructor(depth: ResNetDepth, { stem = "7x7", zeroInitResidual = false }: ResNetOptions = {}) {
    super();
    const { bottleneck, counts } = BLOCKS[depth];
    const expansion = bottleneck ? 4 : 1;
    const stage = (index: number) => {
      const planes = 64 * 2 ** index;
      const blocks = Array.from({ length: counts[index]! }, (_, i) => {
        const into = i > 0 ? planes * expansion : index > 0 ? (planes / 2) * expansion : 64;
        const stride = i === 0 && index > 0 ? 2 : 1;
        return bottleneck ? new Bottleneck(into, planes, stride) : new BasicBlock(into, planes, stride);
      });
      return new nn.Sequential(...blocks);
    };
    this.#stem = stem;
    this.dim = 512 * expansion;
    this.conv1 = stem === "7x7" ? convolution(3, 64, 7, 2) : convolution(3, 64, 3);
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
    let x = this.bn1.relu(this.conv1.call(images));
    if (this.#stem === "7x7") x = x.maxPool2d(3, 2, 1);
    const stages = [this.layer1, this.layer2, this.layer3, this.layer4];
    return throughBlocks(
      x,
      stages.flatMap((stage) => [...stage]),
    ).mean([2, 3]);
  }
}

/** `relu(x + branch(x))`; where the shape changes, `x` goes through a 1×1 convolution and a norm. */
abstract class Residual extends nn.Module {
  abstract downsample: nn.Sequential | null;
  /** With the shortcut's addition and ReLU at its end. */
  protected abstract branch(x: Tensor, shortcut: Tensor): Tensor;
  abstract zeroInit(): void;

  override forward(x: Tensor): Tensor {
    return this.branch(x, this.downsample?.call(x) ?? x);
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

  protected override branch(x: Tensor, shortcut: Tensor): Tensor {
    const out = this.bn1.relu(this.conv1.call(x));
    return this.bn2.relu(this.conv2.call(out), shortcut);
  }

  override zeroInit(): void {
    nn.init.zeros(this.bn2.weight!);
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

  constructor(into: number, planes: number, stride: number) {
    super();
    this.conv1 = convolution(into, planes, 1);
    this.bn1 = new nn.BatchNorm2d(planes);
    this.conv2 = convolution(planes, planes, 3, stride);
    this.bn2 = new nn.BatchNorm2d(planes);
    this.conv3 = convolution(planes, 4 * planes, 1);
    this.bn3 = new nn.BatchNorm2d(4 * planes);
    this.downsample = shortcut(into, 4 * planes, stride);
  }

  protected override branch(x: Tensor, shortcut: Tensor): Tensor {
    let out = this.bn1.relu(this.conv1.call(x));
    out = this.bn2.relu(this.conv2.call(out));
    return this.bn3.relu(this.conv3.call(out), shortcut);
  }

  override zeroInit(): void {
    nn.init.zeros(this.bn3.weight!);
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
