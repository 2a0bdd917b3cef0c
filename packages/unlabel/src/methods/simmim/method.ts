// SimMIM (arXiv:2111.09886): squares of an image are replaced by one learnt token, the encoder sees all places, and a single linear layer predicts
// the hidden pixels, of which the absolute error counts.
import { empty, fromTypedArray, nn, noGrad, scope, type Tensor } from "@unlabel/torch";
import { Rng } from "../../base/rng.ts";
import { plainView } from "../../data/views.ts";
import { patchify, unpatchify } from "../../encoders/patches.ts";
import { initLinears, token } from "../../encoders/transformer.ts";
import { VisionTransformer } from "../../encoders/vit.ts";
import { defineMethod } from "../define.ts";
import { type LossOutput, Method, type Pictures, type StepProgress } from "../method.ts";
import { pictureBytes } from "../shared/picture-bytes.ts";
import { randomUnitMask, type UnitMasking, unitMaskOf, unitOf } from "../shared/unit-masking.ts";
import { about } from "./about.ts";
import { problemsOf, type SimMimConfig, schema } from "./settings.ts";

/** A ViT, the token that stands for what is hidden, and a linear layer from a token to the pixels of its patch. */
export class SimMim extends Method {
  override readonly encoder: VisionTransformer;
  override readonly floor = 0;
  mask_token: Tensor;
  head: nn.Linear;
  readonly #config: SimMimConfig;
  #chance: number | null = null;

  constructor(config: SimMimConfig, encoder: VisionTransformer) {
    super();
    this.encoder = encoder;
    this.mask_token = token(empty([1, 1, encoder.width]));
    this.head = new nn.Linear(encoder.width, encoder.patch ** 2 * encoder.channels);
    initLinears(this.head);
    this.#config = config;
  }

  /** The loss of always predicting the mean patch, whatever the image, from the first batch seen; null before. */
  override get chance(): number | null {
    return this.#chance;
  }

  override loss([images]: readonly Tensor[], { draws }: StepProgress): LossOutput {
    const mask = randomUnitMask(draws, this.#masking(images!));
    const found = this.encoder.tokens(images!, { mask, maskToken: this.mask_token });
    const predicted = this.head.call(found.tokens).to({ dtype: "float32" });
    const target = patchify(images!, this.encoder.patch).to({ dtype: "float32" });
    const error = hiddenMean(predicted.sub(target).abs(), mask);
    const { features, logs, spread } = noGrad(() => {
      const features = this.encoder.pooled({
        tokens: found.tokens.detach(),
        classToken: found.classToken?.detach() ?? null,
      });
      const spread = hiddenMean(target.sub(target.mean([0, 1], true)).abs(), mask);
      const pooled = features.to({ dtype: "float32" });
      return {
        spread,
        features,
        logs: {
          explained: error.div(spread).neg().add(1),
          feature_std: pooled.var(0, { correction: 0 }).mean().sqrt(),
        },
      };
    });
    // Who always predicts the mean patch tells no images apart.
    const take = ([found]: Float32Array) => {
      this.#chance ??= found!;
    };
    return { loss: error, logs, features, readings: this.#chance === null ? [{ values: spread, take }] : [] };
  }

  /** Hides the same squares at every call, and predicts them. @param images normalised as in training, `[N, C, S, S]` */
  override pictures(images: Tensor): Pictures {
    return scope(() => this.fill(images, fixedMask(images, this.#masking(images))));
  }

  override fill(images: Tensor, hidden: Tensor): Pictures {
    return noGrad(() =>
      scope(() => {
        const { patch, channels } = this.encoder;
        const { tokens } = this.encoder.tokens(images, { mask: hidden, maskToken: this.mask_token });
        const unseen = hidden.to({ dtype: "float32" }).unsqueeze(2);
        const patches = patchify(images, patch).mul(unseen.neg().add(1));
        const filled = patches.add(this.head.call(tokens).to({ dtype: "float32" }).mul(unseen));
        const picture = (one: Tensor) => this.#bytes(unpatchify(one, patch, channels));
        return { original: this.#bytes(images), masked: picture(patches), reconstructed: picture(filled) };
      }),
    );
  }

  #bytes(images: Tensor): Tensor {
    return pictureBytes(images, this.#config.mean, this.#config.std);
  }

  /** Of views of whatever size. */
  #masking(images: Tensor): UnitMasking {
    const grid = images.shape[2]! / this.encoder.patch;
    const { mask_ratio: ratio, mask_unit: pixels } = this.#config;
    return { grid, unit: unitOf(grid, this.encoder.patch, pixels), ratio };
  }
}

/** Mean over images of the mean over their hidden pixels: `[B, L, P]` and `[B, L]` → a scalar. */
function hiddenMean(values: Tensor, mask: Tensor): Tensor {
  const each = values.mean([2]).mul(mask).sum([1]);
  return each.div(mask.sum([1])).mean();
}

/** The same masks at every call, and LibTorch's generator untouched: pictures must not change the training after them. */
function fixedMask(images: Tensor, masking: UnitMasking): Tensor {
  const [count, side] = [images.shape[0]!, Math.ceil(masking.grid / masking.unit)];
  const rng = new Rng(0, "reconstruct");
  const noise = Float32Array.from({ length: count * side * side }, () => rng.uniform());
  return unitMaskOf(fromTypedArray(noise, [count, side * side], { device: images.device }), masking);
}

export const simmim = defineMethod({
  about,
  schema,
  check: problemsOf,
  views({ size, crop_min: cropMin, mean, std }) {
    return [plainView({ size, cropMin, filter: "bicubic", mean, std })];
  },
  create({ config, encoder }) {
    if (!(encoder instanceof VisionTransformer))
      throw new TypeError(`Expected a ViT for SimMIM, got ${config.encoder}`);
    return new SimMim(config, encoder);
  },
});
