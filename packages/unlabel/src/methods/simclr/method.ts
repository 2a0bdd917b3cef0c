// SimCLR (arXiv:2002.05709): two views of an image should lie closer together than views of different images.
// Deliberate differences: both views in one batch (so BatchNorm sees both), crops resized bilinearly as in torchvision.
import { nn, type Tensor } from "@unlabel/torch";
import type { SimclrConfig } from "../../config/schema.ts";
import type { ViewSpec } from "../../data/views.ts";
import { createEncoder, type Encoder } from "../../encoders/index.ts";
import { type LossOutput, Method } from "../method.ts";
import { ntXent, ntXentChance, ntXentFloor } from "../shared/nt-xent.ts";

/** An encoder, and a projection head that is thrown away after pretraining: `dim → projection_hidden → ReLU → projection_dim`. */
export class SimClr extends Method {
  override readonly encoder: Encoder;
  override readonly views: readonly ViewSpec[];
  override readonly chance: number;
  override readonly floor: number;
  head: nn.Sequential;
  readonly #temperature: number;

  constructor(config: SimclrConfig) {
    super();
    this.encoder = createEncoder(config);
    this.head = projectionHead(this.encoder.dim, config);
    this.views = [viewsOf(config)];
    this.chance = ntXentChance(config.batch);
    this.floor = ntXentFloor(config.batch, config.temperature);
    this.#temperature = config.temperature;
  }

  override embed([images]: readonly Tensor[]): Tensor {
    return this.head.call(this.encoder.features(images!));
  }

  override contrast(embeddings: Tensor): LossOutput {
    return ntXent(embeddings, this.#temperature);
  }

  override loss([images]: readonly Tensor[]): LossOutput {
    const features = this.encoder.features(images!);
    return { ...this.contrast(this.head.call(features)), features: features.detach() };
  }
}

/** Linear layers before a BatchNorm have no bias, which it would undo; in SimCLR's code one follows the last layer too. */
function projectionHead(dim: number, config: SimclrConfig): nn.Sequential {
  const { projection_hidden: hidden, projection_dim: out, projection_batchnorm: norm } = config;
  if (!norm) return new nn.Sequential(new nn.Linear(dim, hidden), new nn.ReLU(), new nn.Linear(hidden, out));
  return new nn.Sequential(
    new nn.Linear(dim, hidden, { bias: false }),
    new nn.BatchNorm1d(hidden),
    new nn.ReLU(),
    new nn.Linear(hidden, out, { bias: false }),
    new nn.BatchNorm1d(out),
  );
}

function viewsOf(config: SimclrConfig): ViewSpec {
  const { size, brightness, contrast, saturation, hue, jitter_p: p } = config;
  const jitters = p > 0 && brightness + contrast + saturation + hue > 0;
  return {
    count: 2,
    size,
    crop: { scale: [config.crop_min, 1], ratio: [3 / 4, 4 / 3] },
    filter: "bilinear",
    flip: 0.5,
    colorForm: config.color_form,
    color: jitters ? { brightness, contrast, saturation, hue, p } : null,
    grayscale: config.grayscale,
    // An odd kernel of about a tenth of the edge: 23 taps at 224 px, as in the paper.
    blur: config.blur_p > 0 ? { p: config.blur_p, sigma: [0.1, 2], kernel: 2 * Math.floor(size / 20) + 1 } : null,
    solarize: 0,
    mean: config.mean,
    std: config.std,
  };
}
