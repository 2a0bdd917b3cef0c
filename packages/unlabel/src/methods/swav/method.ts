// SwAV, swapping assignments between views (arXiv:2006.09882): embeddings are assigned to prototypes, which all get equally many images of
// the batch (and of a queue of earlier ones), and from one view the other's assignment is predicted. Small local views predict too, but get
// no assignments of their own (multi-crop). As the authors have it, views of one size go through the encoder together and all through the
// head at once; prototypes are put back on the sphere after each step, and stay as they were drawn in the first epoch.
// Deliberate differences: the queue fills from the first step on and is used from `queue_epochs` on; what is frozen or put off at first is so
// for a tenth of the steps at most.
import type { nn, Tensor } from "@unlabel/torch";
import { refusals } from "../../config/contradictions.ts";
import { above, integer, number } from "../../config/fields.ts";
import type { Encoder } from "../../encoders/encoder.ts";
import { type ConfigOf, defineMethod } from "../define.ts";
import { type LossOutput, Method, type StepProgress } from "../method.ts";
import { augmentationProblems, augmentationSchema, augmentedView } from "../shared/augmentation.ts";
import { fewImages } from "../shared/few-images.ts";
import { mlpHead } from "../shared/heads.ts";
import { bySize, joined, localViews, localViewsProblems, localViewsSchema } from "../shared/local-views.ts";
import { prototypeChance, prototypeFloor } from "../shared/prototype-bounds.ts";
import { Prototypes } from "../shared/prototypes.ts";
import { Queue } from "../shared/queue.ts";
import { isBeginning } from "../shared/schedules.ts";
import { sphereSpread } from "../shared/spread.ts";
import { swav as swavLoss } from "../shared/swav-loss.ts";
import { about } from "./about.ts";

const schema = {
  ...augmentationSchema,
  ...localViewsSchema,
  /** τ of the predictions. */
  temperature: above(0, 100),
  projection_hidden: integer(1, 65_536),
  projection_dim: integer(1, 65_536),
  /** Prototypes to which embeddings are assigned. */
  prototypes: integer(2, 1_000_000),
  /** ε of the assignments, the softer the larger, and rounds of scaling. */
  sinkhorn_epsilon: above(0, 10),
  sinkhorn_iterations: integer(1, 100),
  /** Embeddings of earlier steps, for each of the two whole views, among which the batch is assigned; 0: none. */
  queue: integer(0, 10_000_000),
  /** Epochs after which the queue is used; a tenth of the steps at most. */
  queue_epochs: number(0, 10_000),
  /** Epochs in which the prototypes stay as they were drawn; a tenth of the steps at most. */
  freeze_epochs: number(0, 10_000),
};

type SwavConfig = ConfigOf<typeof schema>;

/** Whole views an image. */
const WHOLE = 2;

/** An encoder, a head `dim → hidden → D` with BatchNorm and ReLU between, prototypes, and a queue for each whole view. */
export class Swav extends Method {
  override readonly encoder: Encoder;
  override readonly chance: number;
  override readonly floor: number;
  head: nn.Sequential;
  prototypes: Prototypes;
  /** Of embeddings, one a whole view; none where no queue is asked for. */
  queues: Queue[];
  readonly #config: SwavConfig;
  /** The whole views' embeddings of the step at hand, which enter the queues when it is over. */
  #newest: Tensor[] | null = null;

  constructor(config: SwavConfig, encoder: Encoder) {
    super();
    const { projection_hidden: hidden, projection_dim: out, prototypes, queue } = config;
    this.encoder = encoder;
    this.head = mlpHead(encoder.dim, hidden, out, "hidden");
    this.prototypes = new Prototypes(prototypes, out);
    this.queues = queue > 0 ? Array.from({ length: WHOLE }, () => new Queue(queue, out)) : [];
    this.#config = config;
    this.chance = prototypeChance(prototypes);
    this.floor = prototypeFloor(prototypes, config.temperature);
  }

  /** Embeddings of all views, whole ones first: `[V·B, D]`. */
  override embed(views: readonly Tensor[]): Tensor {
    return this.head.call(joined(this.#encoded(views)));
  }

  override contrast(embeddings: Tensor, progress: StepProgress): LossOutput {
    const { temperature, sinkhorn_epsilon: epsilon, sinkhorn_iterations: iterations } = this.#config;
    const views = WHOLE + this.#config.local_views;
    const images = embeddings.shape[0]! / views;
    const scores = this.prototypes.call(embeddings, isBeginning(this.#config.freeze_epochs, progress));
    const whole = embeddings.detach().narrow(0, 0, WHOLE * images);
    const queued = this.#usesQueue(images, progress)
      ? this.queues.map(({ rows }) => this.prototypes.call(rows, true))
      : [];
    this.#newest = this.queues.length > 0 ? whole.chunk(WHOLE, 0) : null;
    const { loss, logs } = swavLoss(scores, views, { temperature, epsilon, iterations, whole: WHOLE, queued });
    return { loss, logs: { ...logs, embedding_std: sphereSpread(whole.narrow(0, 0, images)) } };
  }

  override loss(views: readonly Tensor[], progress: StepProgress): LossOutput {
    const encoded = this.#encoded(views);
    const whole = encoded[0]!.narrow(0, 0, WHOLE * progress.draws.images);
    return { ...this.contrast(this.head.call(joined(encoded)), progress), features: whole.detach() };
  }

  /** Puts prototypes back on the sphere, and what this step saw into the queues. */
  override afterStep(): void {
    this.prototypes.normalise();
    for (const [i, rows] of (this.#newest ?? []).entries()) this.queues[i]!.push(rows);
    this.#newest = null;
  }

  /** Whether it is time, and the queue holds nothing any more but what was seen. */
  #usesQueue(images: number, progress: StepProgress): boolean {
    const { queue, queue_epochs: epochs } = this.#config;
    return queue > 0 && (progress.step - 1) * images >= queue && !isBeginning(epochs, progress);
  }

  #encoded(views: readonly Tensor[]): Tensor[] {
    return bySize(views, (images) => this.encoder.features(images));
  }
}

export const swav = defineMethod({
  about,
  schema,
  check(config, given) {
    const problems = [
      ...augmentationProblems(config, given),
      ...localViewsProblems(config, given),
      ...fewImages(config, about.title),
    ];
    refusals(given, problems)("queue_epochs", config.queue === 0, "queue 0");
    return problems;
  },
  views: (config) => [augmentedView(config, { count: WHOLE }), ...localViews(config)],
  create: ({ config, encoder }) => new Swav(config, encoder),
});
