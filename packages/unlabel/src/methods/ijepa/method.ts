// I-JEPA (arXiv:2301.08243): an encoder sees a part of an image, and a predictor tells from it what a slowly following copy of the encoder, which sees
// all of it, makes of other parts. As in the authors' code the targets are normalised over their numbers, and the error is squared where it is
// small and absolute where it is large; the paper has the squared one. Deliberate differences: features are the trained encoder's, not the
// copy's, and it has a class token; blocks.ts says how contexts of one length come about.
import { layerNorm, noGrad, type Tensor } from "@unlabel/torch";
import { plainView } from "../../data/views.ts";
import { createEncoder } from "../../encoders/index.ts";
import { gatherTokens } from "../../encoders/patches.ts";
import { VisionTransformer } from "../../encoders/vit.ts";
import { defineMethod } from "../define.ts";
import { type LossOutput, Method, type ParameterGroup, type Progress, type StepProgress } from "../method.ts";
import { follow, momentumCopy } from "../shared/momentum.ts";
import { inFloat32 } from "../shared/precise.ts";
import { cosineBetween, linearBetween } from "../shared/schedules.ts";
import { sphereSpread } from "../shared/spread.ts";
import { about } from "./about.ts";
import { type BlockOptions, stepBlocks } from "./blocks.ts";
import { type Asked, Predictor } from "./predictor.ts";
import { type IJepaConfig, problemsOf, schema } from "./settings.ts";

/** Fixed positions, as in its paper, in both networks. */
const ENCODER = { positions: "sincos" } as const;

/** Encoder and predictor, and the copy that follows the encoder and makes the targets. */
export class IJepa extends Method {
  override readonly encoder: VisionTransformer;
  /** What is told of parts that are not known depends on how the targets spread. */
  override readonly chance = null;
  override readonly floor = 0;
  predictor: Predictor;
  target_encoder: VisionTransformer;
  readonly #config: IJepaConfig;

  constructor(config: IJepaConfig, encoder: VisionTransformer, target: VisionTransformer) {
    super();
    const { predictor_width: width, predictor_depth: depth, predictor_heads: heads } = config;
    this.encoder = encoder;
    this.predictor = new Predictor({ dim: encoder.width, grid: encoder.grid, width, depth, heads });
    this.target_encoder = momentumCopy(target, encoder);
    this.#config = config;
  }

  override loss([images]: readonly Tensor[], { draws }: StepProgress): LossOutput {
    const grid = images!.shape[2]! / this.encoder.patch;
    const sizes = stepBlocks(draws.shared("block sizes"), this.#blocks(grid));
    const found = draws.each("blocks").map((rng) => sizes.of(rng));
    const indices = (of: (one: (typeof found)[number]) => number[]) => {
      const data = BigInt64Array.from(found.flatMap(of), BigInt);
      return { data, shape: [found.length, data.length / found.length] };
    };
    const [context, targets] = draws.placedTogether([indices((one) => one.context), indices((one) => one.targets)]) as [
      Tensor,
      Tensor,
    ];
    const asked: Asked = { context, targets, blocks: this.#config.target_blocks, grid };
    const seen = this.encoder.tokens(images!, { keep: asked.context });
    const predicted = this.predictor.call(seen.tokens, asked);
    const whole = this.targets(images!);
    return inFloat32([predicted, whole], (guess, latents) => {
      const wanted = gatherTokens(latents, asked.targets);
      const loss = guess.smoothL1Loss(wanted);
      const { features, logs } = noGrad(() => ({
        features: this.encoder.pooled({ tokens: seen.tokens.detach(), classToken: seen.classToken?.detach() ?? null }),
        logs: {
          // Of an average over an image's places, which is the same for all images where they have become the same.
          target_std: sphereSpread(latents.mean(1)),
          explained: guess
            .detach()
            .sub(wanted)
            .square()
            .mean()
            .div(
              wanted
                .sub(wanted.mean([0, 1], true))
                .square()
                .mean()
                .add(1e-12),
            )
            .neg()
            .add(1),
        },
      }));
      return { loss, logs, features };
    });
  }

  /** What the copy makes of all places of images, each normalised over its numbers: `[B, L, D]`, without gradient. */
  targets(images: Tensor): Tensor {
    return noGrad(() => {
      const { tokens } = this.target_encoder.tokens(images);
      return inFloat32([tokens], (all) => layerNorm(all, [all.shape[2]!]));
    });
  }

  /** All that is trained, where the weight decay follows the progress. */
  override groups(progress: Progress): ParameterGroup[] {
    const { weight_decay: start, weight_decay_end: end } = this.#config;
    if (end === null) return [];
    return [{ params: this.parameters(), weightDecay: cosineBetween(start, end, progress) }];
  }

  /** Moves the target encoder towards the trained one. */
  override afterStep(progress: Progress): void {
    const { momentum_start: start, momentum_end: end } = this.#config;
    follow(this.target_encoder, this.encoder, linearBetween(start, end, progress));
  }

  #blocks(grid: number): BlockOptions {
    const { target_blocks: targets, ...config } = this.#config;
    return {
      ...{ grid, targets },
      targetScale: [config.target_scale_min, config.target_scale_max],
      targetAspect: [config.target_aspect_min, config.target_aspect_max],
      contextScale: [config.context_scale_min, config.context_scale_max],
    };
  }
}

export const ijepa = defineMethod({
  about,
  schema,
  encoder: ENCODER,
  check: problemsOf,
  views({ size, crop_min: cropMin, mean, std }) {
    return [plainView({ size, cropMin, filter: "bicubic", mean, std })];
  },
  create({ config, encoder }) {
    // A target that leaves out branches would put that noise into what is predicted.
    const target = createEncoder({ ...config, drop_path: 0 }, ENCODER);
    if (!(encoder instanceof VisionTransformer && target instanceof VisionTransformer)) {
      throw new TypeError(`Expected a ViT for I-JEPA, got ${config.encoder}`);
    }
    return new IJepa(config, encoder, target);
  },
});
