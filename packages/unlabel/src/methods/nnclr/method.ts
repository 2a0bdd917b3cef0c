// NNCLR, nearest-neighbour contrastive learning (arXiv:2104.14548): SimCLR's question, asked by the nearest neighbour of a view in a queue
// of images seen before, so that what is alike need not be a view of the same image. As in the paper's pseudo-code, queries are neighbours
// and keys are predictions, gradients reach the keys alone, and first views' embeddings enter the queue after the step.
import { cat, type nn, noGrad, type Tensor } from "@unlabel/torch";
import { above, integer } from "../../config/fields.ts";
import type { Encoder } from "../../encoders/encoder.ts";
import { type ConfigOf, defineMethod } from "../define.ts";
import { type LossOutput, Method } from "../method.ts";
import { augmentationProblems } from "../shared/augmentation.ts";
import { fewImages } from "../shared/few-images.ts";
import { deepHead } from "../shared/heads.ts";
import { infoNce, infoNceChance, infoNceFloor } from "../shared/info-nce.ts";
import { Queue } from "../shared/queue.ts";
import { sphereSpread } from "../shared/spread.ts";
import { twoViews, twoViewsSchema } from "../shared/two-views.ts";
import { about } from "./about.ts";

const schema = {
  ...twoViewsSchema,
  /** τ of the loss. */
  temperature: above(0, 100),
  /** Width of the projector's two hidden layers, and of what it gives. */
  projection_hidden: integer(1, 65_536),
  projection_dim: integer(2, 65_536),
  predictor_hidden: integer(1, 65_536),
  /** Embeddings of earlier steps among which neighbours are looked for. */
  queue: integer(1, 10_000_000),
};

type NnclrConfig = ConfigOf<typeof schema>;

/** Encoder, projector `dim → hidden → hidden → D`, predictor `D → predictor_hidden → D`, and a queue of projections. */
export class Nnclr extends Method {
  override readonly encoder: Encoder;
  override readonly chance: number;
  override readonly floor: number;
  projector: nn.Sequential;
  predictor: nn.Sequential;
  queue: Queue;
  readonly #temperature: number;
  /** The first views' projections of the step at hand, which enter the queue when it is over. */
  #newest: Tensor | null = null;

  constructor(config: NnclrConfig, encoder: Encoder) {
    super();
    const { batch, temperature, projection_hidden: hidden, projection_dim: out } = config;
    this.encoder = encoder;
    this.projector = deepHead([encoder.dim, hidden, hidden, out], { norm: "affine" });
    this.predictor = deepHead([out, config.predictor_hidden, out]);
    this.queue = new Queue(config.queue, out);
    this.#temperature = temperature;
    this.chance = infoNceChance(batch);
    this.floor = infoNceFloor(batch, temperature);
  }

  /** Projections of both views, then their predictions: `[4B, D]`. */
  override embed(views: readonly Tensor[]): Tensor {
    return this.#embedded(this.#encoded(views));
  }

  override contrast(embeddings: Tensor): LossOutput {
    const [one, two, ...predictions] = embeddings.chunk(4, 0) as [Tensor, Tensor, Tensor, Tensor];
    const projections = [one.detach(), two.detach()];
    const neighbours = projections.map((x) => this.queue.nearest(x));
    const [first, second] = [
      infoNce(neighbours[0]!, predictions[1]!, this.#temperature),
      infoNce(neighbours[1]!, predictions[0]!, this.#temperature),
    ];
    this.#newest = projections[0]!;
    const mean = (name: string) => first.logs[name]!.add(second.logs[name]!).div(2);
    const logs = noGrad(() => ({
      contrastive_accuracy: mean("contrastive_accuracy"),
      neighbour_similarity: mean("positive_similarity"),
      embedding_std: sphereSpread(projections[0]!),
    }));
    return { loss: first.loss.add(second.loss).div(2), logs };
  }

  override loss(views: readonly Tensor[]): LossOutput {
    const encoded = this.#encoded(views);
    return { ...this.contrast(this.#embedded(encoded)), features: cat(encoded, 0).detach() };
  }

  /** What this step saw becomes a neighbour of later ones. */
  override afterStep(): void {
    if (this.#newest) this.queue.push(this.#newest);
    this.#newest = null;
  }

  #encoded(views: readonly Tensor[]): Tensor[] {
    return views.map((view) => this.encoder.features(view));
  }

  #embedded(features: readonly Tensor[]): Tensor {
    const projections = features.map((x) => this.projector.call(x));
    return cat([...projections, ...projections.map((x) => this.predictor.call(x))], 0);
  }
}

export const nnclr = defineMethod({
  about,
  schema,
  check: (config, given) => [...augmentationProblems(config, given), ...fewImages(config, about.title)],
  views: twoViews,
  create: ({ config, encoder }) => new Nnclr(config, encoder),
});
