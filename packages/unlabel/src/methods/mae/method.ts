// MAE, masked autoencoder (arXiv:2111.06377): hide most patches of an image, encode the rest, predict what is hidden.
// Deliberate differences: predictions are made for hidden patches only, which changes nothing that is learnt.
import { cat, distributed, fromTypedArray, noGrad, scope, type Tensor } from "@unlabel/torch";
import { UserError } from "../../base/errors.ts";
import { Rng } from "../../base/rng.ts";
import { plainView } from "../../data/views.ts";
import { gatherTokens, patchify, unpatchify } from "../../encoders/patches.ts";
import { VisionTransformer } from "../../encoders/vit.ts";
import { defineMethod } from "../define.ts";
import { type LossOutput, Method, type Pictures, type StepProgress } from "../method.ts";
import { givenMasking, type Masking, maskingOf, randomMasking, restoreOrder } from "../shared/masking.ts";
import { pictureBytes } from "../shared/picture-bytes.ts";
import { meanSquaredCosine } from "../shared/uniformity.ts";
import { about } from "./about.ts";
import { CrossDecoder } from "./cross-decoder.ts";
import { type MaeDecoder, type MaeDecoderOptions, MlpDecoder, TransformerDecoder } from "./decoder.ts";
import { type MaeConfig, problemsOf, schema } from "./settings.ts";

export class Mae extends Method {
  override readonly encoder: VisionTransformer;
  override readonly floor = 0;
  override readonly gathers = true;
  decoder: MaeDecoder;
  readonly #config: MaeConfig;
  #chance: number | null = null;

  constructor(config: MaeConfig, encoder: VisionTransformer) {
    super();
    this.encoder = encoder;
    const { width: dim, grid, patch } = this.encoder;
    const { channels, decoder_width: width } = config;
    this.decoder = decoderOf(config, { dim, grid, patch, channels, width });
    this.#config = config;
  }

  /** The loss of always predicting the mean patch, whatever the image, from the first batch seen; null before. */
  override get chance(): number | null {
    return this.#chance;
  }

  override loss([images]: readonly Tensor[], { draws }: StepProgress): LossOutput {
    const patches = patchify(images!, this.encoder.patch);
    const count = patches.shape[1]!;
    const masking = this.#asked(randomMasking(draws, count, this.#config.mask_ratio));
    const latent = this.encoder.encode(patches, masking.keep);
    const predicted = this.decoder.call(latent, masking).to({ dtype: "float32" });
    const target = this.#targets(gatherTokens(patches, masking.hidden));
    const error = predicted.mseLoss(target);
    const visible = latent.narrow(1, 1, masking.keep.shape[1]!);
    const weight = this.#config.uniformity;
    const seen = visible.detach();
    // What is set against each other is set against all ranks' images.
    const pooled = weight > 0 ? distributed.gatherRows(visible.mean(1)) : seen.mean(1);
    // Of one image alone nothing can be told.
    const alike = pooled.shape[0]! > 1 ? meanSquaredCosine(pooled) : null;
    const loss = alike && weight > 0 ? error.add(alike.mul(weight)) : error;
    const features = cat([seen.mean(1), seen.amax(1)], 1);
    const spread = noGrad(() => target.var([0, 1], { correction: 0 }).mean());
    // Who always predicts the mean patch tells no images apart.
    const take = ([found]: Float32Array) => {
      this.#chance ??= found! + weight;
    };
    const readings = this.#chance === null ? [{ values: spread, take }] : [];
    const logs = noGrad(() => ({
      explained_variance: error.div(spread).neg().add(1),
      feature_std: pooled.detach().to({ dtype: "float32" }).var(0, { correction: 0 }).mean().sqrt(),
      ...(alike && { squared_cosine: alike.detach() }),
    }));
    return { loss, logs, features, readings };
  }

  /**
   * Hides patches, the same ones at every call, and predicts them. Where targets are normalised, a prediction is mapped
   * back with its hidden patch's own mean and deviation, which the model is never asked for.
   *
   * @param images normalised as in training, `[N, C, S, S]`
   */
  override pictures(images: Tensor): Pictures {
    return this.#pictured(images, (batch, count) => fixedMasking(batch, count, this.#config.mask_ratio, images.device));
  }

  /**
   * The same of patches of one's choice.
   *
   * @throws {TorchError} where images hide different numbers of patches, none or all
   */
  override fill(images: Tensor, hidden: Tensor): Pictures {
    return this.#pictured(images, () => givenMasking(hidden));
  }

  #pictured(images: Tensor, masks: (batch: number, count: number) => Masking): Pictures {
    return noGrad(() =>
      scope(() => {
        const patches = patchify(images, this.encoder.patch);
        const [batch, count] = patches.shape as [number, number];
        const masking = masks(batch, count);
        const seen = gatherTokens(patches, masking.keep);
        const hidden = gatherTokens(patches, masking.hidden);
        const output = this.decoder.call(this.encoder.encode(patches, masking.keep), masking).to({ dtype: "float32" });
        const { mean, deviation } = this.#statistics(hidden);
        const predicted = output.mul(deviation).add(mean);
        const picture = (filled: Tensor) =>
          this.#bytes(unpatchify(restoreOrder(seen, filled, masking), this.encoder.patch, this.#config.channels));
        return {
          original: this.#bytes(images),
          masked: picture(hidden.zerosLike()),
          reconstructed: picture(predicted),
        };
      }),
    );
  }

  /** The masking with the hidden patches that are to be predicted; their order is random, so the first are a fair sample. */
  #asked({ keep, hidden }: Masking): Masking {
    const { decoder, predict_share } = this.#config;
    if (decoder !== "cross" || predict_share === 1) return { keep, hidden };
    return { keep, hidden: hidden.narrow(1, 0, Math.max(1, Math.round(predict_share * hidden.shape[1]!))) };
  }

  #bytes(images: Tensor): Tensor {
    return pictureBytes(images, this.#config.mean, this.#config.std);
  }

  #targets(patches: Tensor): Tensor {
    const { mean, deviation } = this.#statistics(patches);
    return patches.sub(mean).div(deviation);
  }

  /** What targets are normalised by: each patch's own statistics, or nothing. */
  #statistics(patches: Tensor): { mean: Tensor | number; deviation: Tensor | number } {
    if (!this.#config.norm_pixels) return { mean: 0, deviation: 1 };
    const options = { correction: 1, keepdim: true };
    return { mean: patches.mean(2, true), deviation: patches.var(2, options).add(1e-6).sqrt() };
  }
}

function decoderOf(config: MaeConfig, options: MaeDecoderOptions): MaeDecoder {
  if (config.decoder === "mlp") return new MlpDecoder(options);
  const blocks = { depth: config.decoder_depth, heads: config.decoder_heads };
  return config.decoder === "cross"
    ? new CrossDecoder({ ...options, ...blocks })
    : new TransformerDecoder({ ...options, ...blocks });
}

/** The same masks at every call, and LibTorch's generator untouched: pictures must not change the training after them. */
function fixedMasking(batch: number, patches: number, ratio: number, device: string): Masking {
  const rng = new Rng(0, "reconstruct");
  const noise = Float32Array.from({ length: batch * patches }, () => rng.uniform());
  return maskingOf(fromTypedArray(noise, [batch, patches], { device }), ratio);
}

export const mae = defineMethod({
  about,
  schema,
  // Fixed positions, as in its paper; elsewhere positions are learnt, as in timm.
  encoder: { positions: "sincos" },
  check: problemsOf,
  views({ size, crop_min: cropMin, mean, std }) {
    return [plainView({ size, cropMin, filter: "bicubic", mean, std })];
  },
  create({ config, encoder }) {
    if (!(encoder instanceof VisionTransformer)) throw new TypeError(`Expected a ViT for MAE, got ${config.encoder}`);
    if (!encoder.cls_token) throw new UserError("Expected a ViT with a class token for MAE, got one without");
    return new Mae(config, encoder);
  },
});
