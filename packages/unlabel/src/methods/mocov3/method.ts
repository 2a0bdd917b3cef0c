// MoCo v3 (arXiv:2104.02057): a prediction from one view is asked which of the batch's keys belongs to it, and keys are what a slowly
// following copy of the network makes of the other views. As the authors have it, each view goes through the networks by itself, a ViT has
// fixed sine-cosine positions, and its patches are embedded by a random projection that is not trained, without which training is unstable.
// Deliberate difference: features are mean and maximum of a ViT's patch tokens (encoders/vit.ts), not its class token.
import { cat, type nn, noGrad, type Tensor } from "@unlabel/torch";
import { refusals } from "../../config/contradictions.ts";
import { above, flag, integer, number } from "../../config/fields.ts";
import type { Encoder } from "../../encoders/encoder.ts";
import { createEncoder, isVit, VisionTransformer } from "../../encoders/index.ts";
import { type ConfigOf, defineMethod } from "../define.ts";
import { type LossOutput, Method, type Progress } from "../method.ts";
import { augmentationProblems } from "../shared/augmentation.ts";
import { fewImages } from "../shared/few-images.ts";
import { deepHead } from "../shared/heads.ts";
import { infoNce, infoNceChance, infoNceFloor } from "../shared/info-nce.ts";
import { follow, momentumCopy } from "../shared/momentum.ts";
import { cosineBetween } from "../shared/schedules.ts";
import { sphereSpread } from "../shared/spread.ts";
import { twoViews, twoViewsSchema } from "../shared/two-views.ts";
import { about } from "./about.ts";

const schema = {
  ...twoViewsSchema,
  /** τ of the loss: 0.2 for ViTs, 1 for ResNets. */
  temperature: above(0, 100),
  /** Linear layers of the projector: 3 for ViTs, 2 for ResNets. */
  projection_layers: integer(2, 8),
  projection_hidden: integer(1, 65_536),
  projection_dim: integer(2, 65_536),
  /** Momentum of the key network at the first step, from where it goes by half a cosine to `momentum_end` at the last. */
  momentum_start: number(0, 1),
  momentum_end: number(0, 1),
  /** Whether a ViT's patches are embedded by a random projection that stays as it is. */
  frozen_patches: flag(),
};

/** A ViT's fixed positions, as in the paper, in both networks. */
const ENCODER = { positions: "sincos" } as const;

type MocoV3Config = ConfigOf<typeof schema>;

/** Online encoder, projector and predictor `D → hidden → D`; target encoder and projector follow them and make the keys. */
export class MocoV3 extends Method {
  override readonly encoder: Encoder;
  override readonly chance: number;
  override readonly floor: number;
  projector: nn.Sequential;
  predictor: nn.Sequential;
  target_encoder: Encoder;
  target_projector: nn.Sequential;
  readonly #temperature: number;
  readonly #momentum: readonly [start: number, end: number];

  constructor(config: MocoV3Config, encoder: Encoder, target: Encoder) {
    super();
    const { batch, temperature, projection_layers: layers, projection_hidden: hidden, projection_dim: out } = config;
    this.encoder = encoder;
    if (config.frozen_patches && encoder instanceof VisionTransformer) {
      for (const tensor of encoder.patch_embed.parameters()) tensor.requiresGrad_(false);
    }
    const between = Array.from({ length: layers - 1 }, () => hidden);
    const projector = () => deepHead([encoder.dim, ...between, out], { norm: "plain" });
    this.projector = projector();
    this.predictor = deepHead([out, hidden, out], { norm: "plain" });
    this.target_encoder = momentumCopy(target, encoder);
    this.target_projector = momentumCopy(projector(), this.projector);
    this.#temperature = temperature;
    this.#momentum = [config.momentum_start, config.momentum_end];
    // Two ways, each times 2τ.
    this.chance = 4 * temperature * infoNceChance(batch);
    this.floor = 4 * temperature * infoNceFloor(batch, temperature);
  }

  /** Predictions of both views, then their keys: `[4B, D]`. */
  override embed(views: readonly Tensor[]): Tensor {
    return this.#embedded(views, this.#encoded(views));
  }

  override contrast(embeddings: Tensor): LossOutput {
    const [one, two, ...keys] = embeddings.chunk(4, 0) as [Tensor, Tensor, Tensor, Tensor];
    const [first, second] = [
      infoNce(one, keys[1]!.detach(), this.#temperature),
      infoNce(two, keys[0]!.detach(), this.#temperature),
    ];
    const mean = (name: string) => first.logs[name]!.add(second.logs[name]!).div(2);
    const logs = noGrad(() => ({
      contrastive_accuracy: mean("contrastive_accuracy"),
      positive_similarity: mean("positive_similarity"),
      embedding_std: sphereSpread(keys[0]!),
    }));
    return { loss: first.loss.add(second.loss).mul(2 * this.#temperature), logs };
  }

  override loss(views: readonly Tensor[]): LossOutput {
    const encoded = this.#encoded(views);
    return { ...this.contrast(this.#embedded(views, encoded)), features: cat(encoded, 0).detach() };
  }

  /** Moves the target network towards the online one. */
  override afterStep(progress: Progress): void {
    const momentum = cosineBetween(...this.#momentum, progress);
    follow(this.target_encoder, this.encoder, momentum);
    follow(this.target_projector, this.projector, momentum);
  }

  #encoded(views: readonly Tensor[]): Tensor[] {
    return views.map((view) => this.encoder.features(view));
  }

  #embedded(views: readonly Tensor[], features: readonly Tensor[]): Tensor {
    const predictions = features.map((x) => this.predictor.call(this.projector.call(x)));
    const keys = noGrad(() => views.map((view) => this.target_projector.call(this.target_encoder.features(view))));
    return cat([...predictions, ...keys], 0);
  }
}

export const mocov3 = defineMethod({
  about,
  schema,
  encoder: ENCODER,
  check(config, given) {
    const { encoder, momentum_start: start, momentum_end: end } = config;
    const problems = [...augmentationProblems(config, given), ...fewImages(config, about.title)];
    refusals(given, problems)("frozen_patches", !isVit(encoder), `encoder ${encoder}`);
    if (start > end) problems.push(`Expected at least momentum_start ${start} for momentum_end, got ${end}`);
    return problems;
  },
  views: twoViews,
  // A target that leaves out branches would put that noise into the keys.
  create: ({ config, encoder }) =>
    new MocoV3(config, encoder, createEncoder({ ...config, drop_path: 0 }, isVit(config.encoder) ? ENCODER : {})),
});
