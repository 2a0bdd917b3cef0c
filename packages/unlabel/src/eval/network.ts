// Fine-tuning, and the same network supervised from scratch: the whole encoder under a linear head, trained with all labels.
// MAE's recipe (arXiv:2111.06377, table 9): AdamW, cosine, and in a ViT a learning rate that falls layer by layer
// (arXiv:2003.10555). Deliberate differences: crop and flip alone, without mixing images, as short budgets want.
import { autocast, fromTypedArray, nn, noGrad, optim, scope, type Tensor } from "@unlabel/torch";
import { Draws } from "../base/draws.ts";
import type { Split } from "../data/folder.ts";
import { Loader } from "../data/loader.ts";
import type { ImageReader } from "../data/reader.ts";
import { plainView, type ViewSpec } from "../data/views.ts";
import { type Encoder, VisionTransformer, withDraws } from "../encoders/index.ts";
import type { Curve, NetworkSettings } from "../run/evaluations.ts";
import { judge, type Metrics } from "../score/metrics.ts";
import { extract } from "./features.ts";

export const NETWORK: Omit<NetworkSettings, "size" | "layer_decay"> = {
  epochs: 20,
  batch: 64,
  lr: 5e-4,
  weight_decay: 0.05,
};

/** Fine-tuning a ViT moves its lower layers less; from scratch, they have everything to learn. */
export const LAYER_DECAY = 0.75;

/** Share of the steps over which the learning rate rises. */
const WARMUP = 0.1;

/** What a caller may set. */
export type NetworkGiven = Partial<Pick<NetworkSettings, "epochs" | "batch" | "lr" | "weight_decay" | "layer_decay">>;

export interface NetworkOptions {
  settings: NetworkSettings;
  mean: ViewSpec["mean"];
  std: ViewSpec["std"];
  seed: number;
  device: string;
  precision: "fp32" | "bf16";
  reader?: ImageReader;
  onStep?: (done: number, loss: number) => void;
  onSkip?: (failure: { path: string; reason: string }) => void;
}

export interface NetworkOutcome extends Metrics {
  labels: Int32Array;
  /** Which items of val could be read. */
  kept: Int32Array;
  curve: Curve;
}

/** An encoder under a linear layer that starts at zero: images → scores `[B, C]`. */
export class Classifier extends nn.Module {
  encoder: Encoder;
  head: nn.Linear;

  constructor(encoder: Encoder, classes: number) {
    super();
    this.encoder = encoder;
    this.head = new nn.Linear(encoder.dim, classes);
    for (const parameter of this.head.parameters()) nn.init.zeros(parameter);
  }

  override forward(images: Tensor): Tensor {
    return this.head.call(this.encoder.features(images));
  }
}

/** Trains `encoder` (in place) with the labels of `train`, and scores it on `val` once, after the last epoch. */
export async function trainNetwork(
  encoder: Encoder,
  train: Split,
  val: Split,
  classes: number,
  options: NetworkOptions,
): Promise<NetworkOutcome> {
  const { settings, mean, std, seed, device, precision, reader, onStep, onSkip } = options;
  const network = new Classifier(encoder, classes).to({ device, memoryFormat: "channels_last" }).train();
  const optimizer = new optim.AdamW(groupsOf(network, settings), { lr: settings.lr });
  const rates = optimizer.groups.map(({ lr }) => lr);
  const loader = new Loader(train, [plainView({ size: settings.size, cropMin: 0.25, filter: "bilinear", mean, std })], {
    batch: settings.batch,
    seed,
    device,
    reader,
    onSkip,
  });
  const total = settings.epochs * loader.stepsPerEpoch;
  const schedule = optim.schedule.cosine({ lr: 1, steps: total, warmup: Math.floor(WARMUP * total) });
  const curve: Curve = [];
  const batches = loader.batches();
  try {
    for (let step = 0, sum = 0; step < total; step++) {
      const { value } = await batches.next();
      if (!value) break;
      const [images] = value.views as [Tensor];
      for (const [i, group] of optimizer.groups.entries()) group.lr = rates[i]! * schedule(step);
      const labels = Int32Array.from(value.indices, (i) => train.items[i]!.label);
      const loss = scope(() => {
        const targets = fromTypedArray(BigInt64Array.from(labels, BigInt), undefined, { device });
        const places = Int32Array.from(value.indices, (_, i) => i);
        const scores = withDraws(new Draws(seed, step + 1, places, device), () =>
          autocast({ device, enabled: precision === "bf16" }, () => network.call(images)),
        );
        const found = scores.to({ dtype: "float32" }).crossEntropyLoss(targets);
        found.backward();
        optimizer.step();
        network.zeroGrad();
        return found.item();
      });
      images.dispose();
      sum += loss;
      onStep?.(step + 1, loss);
      if ((step + 1) % loader.stepsPerEpoch === 0) {
        curve.push({ epoch: (step + 1) / loader.stepsPerEpoch, loss: sum / loader.stepsPerEpoch });
        sum = 0;
      }
    }
  } finally {
    await batches.return();
    optimizer.dispose();
  }
  network.eval();
  const score = (images: Tensor) => noGrad(() => network.call(images));
  const view = { size: settings.size, mean, std };
  const { features, labels, indices } = await extract(
    val,
    { score },
    { view, batch: 256, device, precision, reader, onSkip },
  );
  const scores = scope(() => features.score.x.to({ device: "cpu" }).toArray()) as Float32Array;
  features.score.x.dispose();
  network.head.dispose();
  return { ...judge(scores, labels, classes), labels, kept: indices, curve };
}

/** Parameters by learning rate; biases, norms, tokens and positions without weight decay. */
export function groupsOf(network: Classifier, { lr, weight_decay, layer_decay }: NetworkSettings) {
  const { encoder } = network;
  const depth = encoder instanceof VisionTransformer ? encoder.blocks.length : 0;
  const groups = new Map<string, { params: Tensor[]; lr: number; weightDecay: number }>();
  for (const [name, parameter] of network.namedParameters()) {
    const rate = lr * layer_decay ** (depth + 1 - layerOf(name, depth));
    const plain = parameter.ndim <= 1 || /(cls_token|reg_token|pos_embed)$/.test(name);
    const key = `${rate} ${plain}`;
    const group = groups.get(key) ?? { params: [], lr: rate, weightDecay: plain ? 0 : weight_decay };
    groups.set(key, group);
    group.params.push(parameter);
  }
  return [...groups.values()];
}

/** A ViT's patches and positions are layer 0, its blocks 1 to `depth`, what follows them the last; a ResNet is all last. */
function layerOf(name: string, depth: number): number {
  const block = /^encoder\.blocks\.(\d+)\./.exec(name);
  if (block) return Number(block[1]) + 1;
  return depth > 0 && /^encoder\.(cls_token|reg_token|pos_embed|patch_embed)/.test(name) ? 0 : depth + 1;
}
