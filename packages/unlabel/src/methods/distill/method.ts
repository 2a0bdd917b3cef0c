// Distillation of features: a student predicts what a frozen encoder makes of the same view, of the whole of it and of each of its places,
// as AM-RADIO does with several (arXiv:2312.06709); that both see the very same view, and for long, is "A good teacher is patient and
// consistent" (arXiv:2106.05237). Deliberate differences: one teacher; linear heads, so that the encoder has to do the work; one distance
// for both kinds of features.
import { autocast, nn, noGrad, stack, type Tensor } from "@unlabel/torch";
import { UserError } from "../../base/errors.ts";
import type { ViewSpec } from "../../data/views.ts";
import type { Encoder } from "../../encoders/encoder.ts";
import { encoderDim, encoderWidth } from "../../encoders/facts.ts";
import { defineMethod } from "../define.ts";
import { type LossOutput, Method, type Reading, type StepProgress } from "../method.ts";
import { augmentedView } from "../shared/augmentation.ts";
import { KeptFeatures } from "../shared/kept-features.ts";
import { resampledTokens } from "../shared/resampled.ts";
import { type Teacher, tokenWidth } from "../shared/teacher.ts";
import { about } from "./about.ts";
import { chanceOf, distanceTo, nearestToAll } from "./distance.ts";
import { type DistillConfig, problemsOf, schema } from "./settings.ts";

/** Encoder, and a linear layer each from its pooled and its patch features to the teacher's. */
export class Distill extends Method {
  override readonly encoder: Encoder;
  override readonly floor = 0;
  /** From the student's features to the teacher's, `dim → dim`; null where pooled features are not taught. */
  projector: nn.Linear | null;
  /** From the student's tokens to the teacher's, `width → width`; null where patch features are not taught. */
  patch_projector: nn.Linear | null;
  readonly #config: DistillConfig;
  readonly #teacher: Teacher | null;
  readonly #kept = new KeptFeatures();
  #chance: number | null = null;

  constructor(config: DistillConfig, encoder: Encoder, teacher: Teacher | null) {
    super();
    const [dim, width] = lengthsOf(config, teacher);
    this.encoder = encoder;
    this.projector = config.pooled_weight > 0 ? new nn.Linear(encoder.dim, dim) : null;
    this.patch_projector = config.patch_weight > 0 ? new nn.Linear(tokenWidth(encoder), width) : null;
    this.#config = config;
    this.#teacher = teacher;
  }

  /** The loss of always predicting the teacher's mean, whatever the image, from the first batch seen; null before. */
  override get chance(): number | null {
    return this.#chance;
  }

  override loss([seen, whole]: readonly Tensor[], progress?: Pick<StepProgress, "images">): LossOutput {
    const { pooled_weight: pooledWeight, patch_weight: patchWeight, distance } = this.#config;
    const taught = this.#taught(seen!, whole, progress?.images);
    const { features, tokens, grid } = this.encoder.both(seen!);
    const parts: { weight: number; predicted: Tensor; target: Tensor; name: string }[] = [];
    if (this.projector) {
      const predicted = this.projector.call(features);
      parts.push({ weight: pooledWeight, predicted, target: taught.features, name: "pooled_similarity" });
    }
    if (this.patch_projector) {
      const predicted = this.patch_projector.call(tokens);
      const target = noGrad(() => resampledTokens(taught.tokens!, taught.grid!, grid));
      parts.push({ weight: patchWeight, predicted, target, name: "patch_similarity" });
    }
    return autocast({ device: seen!.device, enabled: false }, () => {
      const found = parts.map((part) => ({ ...part, ...distanceTo(part.target, part.predicted, distance) }));
      const loss = found.map(({ weight, distance }) => distance.mul(weight)).reduce((sum, one) => sum.add(one));
      const logs = Object.fromEntries(found.map(({ name, similarity }) => [name, similarity]));
      const readings = [...taught.readings, ...this.#readings(parts)];
      return { loss, logs, features: features.detach(), readings };
    });
  }

  /** What is asked once: how far the one prediction that is nearest to all targets is from them. */
  #readings(parts: readonly { weight: number; target: Tensor }[]): Reading[] {
    if (this.#chance !== null) return [];
    const { distance } = this.#config;
    const values = noGrad(() => stack(parts.map(({ target }) => nearestToAll(target, distance))));
    const take = (found: Float32Array) => {
      this.#chance ??= parts.reduce((sum, { weight }, i) => sum + weight * chanceOf(found[i]!, distance), 0);
    };
    return [{ values, take }];
  }

  /** What the teacher makes of the student's view, or of whole images. */
  #taught(
    seen: Tensor,
    whole: Tensor | undefined,
    images: Int32Array | undefined,
  ): { features: Tensor; tokens?: Tensor; grid?: [number, number]; readings: readonly Reading[] } {
    const teacher = this.#teacher;
    if (!teacher) throw new UserError("Expected a teacher to learn from, got none; --teacher names it");
    const { mean, std, teacher_bands: bands } = this.#config;
    const see = (views: Tensor) => teacher.see(views, { mean, std }, bands);
    if (!whole) return { ...see(seen), readings: [] };
    // What it says is kept in one number format, whatever the precision around.
    return autocast({ device: seen.device, enabled: false }, () =>
      noGrad(() => this.#kept.of(whole, images, (view) => see(view).features)),
    );
  }
}

/** Length of the teacher's features and of its tokens: a run that is evaluated has no teacher any more. */
function lengthsOf(config: DistillConfig, teacher: Teacher | null): [dim: number, width: number] {
  if (teacher) return [teacher.encoder.dim, teacher.width];
  const { teacher_encoder: encoder, teacher_pooling: pooling } = config;
  if (encoder === null) throw new UserError("Expected a teacher for distill, got none; --teacher names it");
  return [encoderDim({ encoder, pooling: pooling ?? undefined }), encoderWidth({ encoder })];
}

/** The central square, the same in every epoch. */
function wholeView({ teacher_size: size, size: own, mean, std }: DistillConfig): ViewSpec {
  return {
    ...{ count: 1, size: size ?? own, crop: { scale: [1, 1], ratio: [1, 1] }, filter: "bilinear", flip: 0 },
    ...{ color: null, grayscale: 0, blur: null, solarize: 0, mean, std },
  };
}

export const distill = defineMethod({
  about,
  schema,
  check: problemsOf,
  views(config) {
    const seen = augmentedView(config, { count: 1 });
    return config.teacher_view === "whole" ? [seen, wholeView(config)] : [seen];
  },
  create: ({ config, encoder, teacher }) => new Distill(config, encoder, teacher),
});
