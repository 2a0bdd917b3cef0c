// MoCo v2, momentum contrast with SimCLR's head and colours (arXiv:2003.04297): a query from one view is asked which key is its own, among
// what a slowly following copy of the network makes of the image's other view and what it made of other images in the steps before.
// Deliberate differences: where the authors shuffle keys among GPUs, whose BatchNorm would tell a query which key it belongs to, batches are
// cut into groups that are normalised by themselves, queries' in order, keys' in a random one (shared/batch-groups.ts); and the queue begins
// with the keys of the first step, as often as it holds them, instead of with random directions, from which they would be told without learning.
import { cat, distributed, keep, type nn, noGrad, scope, type Tensor } from "@unlabel/torch";
import { refusals } from "../../config/contradictions.ts";
import { above, integer, number } from "../../config/fields.ts";
import { withDraws } from "../../encoders/draws-in-use.ts";
import type { Encoder } from "../../encoders/encoder.ts";
import { createEncoder, isResNet } from "../../encoders/index.ts";
import { type ConfigOf, defineMethod } from "../define.ts";
import { type LossOutput, Method, type Progress, type StepProgress } from "../method.ts";
import { augmentationProblems, augmentationSchema, augmentedView } from "../shared/augmentation.ts";
import {
  groupsOfPart,
  inGroups,
  inShuffledGroups,
  normalisesBatches,
  normalisesOverRanks,
} from "../shared/batch-groups.ts";
import { mlpHead } from "../shared/heads.ts";
import { infoNceChance } from "../shared/info-nce.ts";
import { follow, momentumCopy } from "../shared/momentum.ts";
import { prototypeFloor } from "../shared/prototype-bounds.ts";
import { Queue } from "../shared/queue.ts";
import { queueContrast } from "../shared/queue-contrast.ts";
import { cosineBetween } from "../shared/schedules.ts";
import { sphereSpread } from "../shared/spread.ts";
import { about } from "./about.ts";

const schema = {
  ...augmentationSchema,
  /** τ of the loss. */
  temperature: above(0, 100),
  projection_hidden: integer(1, 65_536),
  projection_dim: integer(2, 65_536),
  /** Keys of earlier steps. */
  queue: integer(1, 10_000_000),
  /** Groups of a batch, each normalised by itself by a ResNet; 1: none. Of at least two images each; a rank and a micro-batch have their part. */
  batchnorm_groups: integer(1, 1024),
  /** Momentum of the key network at the first step, from where it goes by half a cosine to `momentum_end` at the last. */
  momentum_start: number(0, 1),
  momentum_end: number(0, 1),
};

type MocoV2Config = ConfigOf<typeof schema>;

/** Query encoder and projector `dim → hidden → ReLU → D`; target encoder and projector follow them and make the keys, which a queue keeps. */
export class MocoV2 extends Method {
  override readonly encoder: Encoder;
  override readonly chance: number;
  override readonly floor: number;
  projector: nn.Sequential;
  target_encoder: Encoder;
  target_projector: nn.Sequential;
  queue: Queue;
  readonly #temperature: number;
  readonly #groups: number;
  readonly #batch: number;
  readonly #momentum: readonly [start: number, end: number];
  /** The keys of the parts of the step at hand, which enter the queue when it is over. */
  #newest: { step: number; parts: Tensor[] } = { step: 0, parts: [] };

  constructor(config: MocoV2Config, encoder: Encoder, target: Encoder) {
    super();
    const { temperature, projection_hidden: hidden, projection_dim: out, queue } = config;
    const projector = () => mlpHead(encoder.dim, hidden, out, "none");
    this.encoder = encoder;
    this.projector = projector();
    this.target_encoder = momentumCopy(target, encoder);
    this.target_projector = momentumCopy(projector(), this.projector);
    this.queue = new Queue(queue, out);
    this.#temperature = temperature;
    // A ViT normalises no image by others.
    this.#groups = normalisesBatches(encoder) ? config.batchnorm_groups : 1;
    this.#batch = config.batch;
    this.#momentum = [config.momentum_start, config.momentum_end];
    this.chance = infoNceChance(queue + 1);
    this.floor = prototypeFloor(queue + 1, temperature);
  }

  override loss([views]: readonly Tensor[], { step, draws }: StepProgress): LossOutput {
    const [first, second] = views!.chunk(2, 0) as [Tensor, Tensor];
    // Where ranks normalise together, a group is of all of them.
    const together = normalisesOverRanks(this.encoder) ? distributed.getWorldSize() : 1;
    const groups = groupsOfPart(this.#groups, draws.images * together, this.#batch);
    const features = inGroups(first, groups, (x, start, size) =>
      withDraws(draws.narrow(start, size), () => this.encoder.features(x)),
    );
    const queries = this.projector.call(features);
    const keys = noGrad(() =>
      this.target_projector.call(inShuffledGroups(second, groups, draws, (x) => this.target_encoder.features(x))),
    );
    // The queue is the same on all ranks, and holds the keys of all.
    const all = noGrad(() => distributed.gatherRows(keys));
    const rows = step === 1 ? this.#begun(all) : this.queue.rows;
    this.#note(all, step);
    const { loss, logs } = queueContrast(queries, keys, rows, this.#temperature);
    return { loss, logs: { ...logs, embedding_std: sphereSpread(keys) }, features: features.detach() };
  }

  /** Puts the step's keys into the queue, and moves the key network towards the other one. */
  override afterStep(progress: Progress): void {
    const { step, parts } = this.#newest;
    if (parts.length > 0) {
      scope(() => {
        const keys = cat(parts, 0);
        this.queue.push(step === 1 ? this.#begun(keys) : keys);
      });
      this.#forget();
    }
    const momentum = cosineBetween(...this.#momentum, progress);
    follow(this.target_encoder, this.encoder, momentum);
    follow(this.target_projector, this.projector, momentum);
  }

  /** As many rows as the queue has, of the keys there are. */
  #begun(keys: Tensor): Tensor {
    const size = this.queue.rows.shape[0]!;
    return keys.repeat([Math.ceil(size / keys.shape[0]!), 1]).narrow(0, 0, size);
  }

  #note(keys: Tensor, step: number): void {
    // A step that was not finished counts for nothing.
    if (this.#newest.step !== step) this.#forget();
    this.#newest.step = step;
    this.#newest.parts.push(keep(keys.detach()));
  }

  #forget(): void {
    for (const part of this.#newest.parts) part.dispose();
    this.#newest = { step: 0, parts: [] };
  }
}

export const mocov2 = defineMethod({
  about,
  schema,
  check(config, given) {
    const { batch, micro_batch: part, encoder, momentum_start: start, momentum_end: end } = config;
    const problems = augmentationProblems(config, given);
    refusals(given, problems)("batchnorm_groups", !isResNet(encoder), `encoder ${encoder}`);
    const few = batch < 2 ? "batch" : part === 1 && isResNet(encoder) ? "micro_batch" : null;
    if (few) problems.push(`Expected at least 2 for ${few}, since MoCo v2's encoder normalises over a batch, got 1`);
    if (start > end) problems.push(`Expected at least momentum_start ${start} for momentum_end, got ${end}`);
    return problems;
  },
  views: (config) => [augmentedView(config, { count: 2 })],
  // A key network that leaves out branches would put that noise into the keys.
  create: ({ config, encoder }) => new MocoV2(config, encoder, createEncoder({ ...config, drop_path: 0 })),
});
