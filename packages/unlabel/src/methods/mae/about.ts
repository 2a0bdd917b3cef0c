// What help, reports and forecasts need of MAE.
import type { Config } from "../../config/common.ts";
import { HALF, IMAGENET } from "../../config/defaults.ts";
import { blockMacs, channelsOf, encoderMacs, encoderWidth, VITS } from "../../encoders/facts.ts";
import { type About, trainingOperations } from "../about.ts";
import { visibleCount } from "../shared/visible.ts";

export const about = {
  name: "mae",
  title: "MAE",
  paper: "arXiv:2111.06377",
  summary: "most patches of an image are hidden, and predicted from the rest",
  loss: ({ norm_pixels, uniformity }) =>
    `squared error of hidden patches${norm_pixels === true ? ", each normalised" : ""}${Number(uniformity) > 0 ? `, and ${uniformity} × squared cosine between images` : ""}`,
  encoders: VITS,
  coupling: ({ uniformity }) => (Number(uniformity) > 0 ? "batch" : "image"),
  draws: "masks",
  defaults: {
    mask_ratio: 0.75,
    // The report's MLP decoder has neither blocks nor heads; these hold once a user switches it to a transformer.
    decoder_depth: 8,
    decoder_heads: 16,
    // A third of three quarters of the patches: CrossMAE's own choice (arXiv:2401.14391).
    predict_share: 1 / 3,
    uniformity: 0,
  },
  presets: {
    // The student report that this project began with, to the letter: docs/original-report.md.
    report: {
      ...HALF,
      encoder: "vit_base",
      batch: 32,
      optimizer: "adam",
      lr: 1e-4,
      weight_decay: 0,
      decoder: "mlp",
      decoder_width: 1024,
      norm_pixels: false,
    },
    // At one machine's batch size.
    paper: {
      ...IMAGENET,
      encoder: "vit_base",
      epochs: 800,
      batch: 256,
      optimizer: "adamw",
      lr: 1.5e-4,
      lr_scaling: "linear",
      betas: [0.9, 0.95],
      weight_decay: 0.05,
      exclude_norm_bias: true,
      schedule: "cosine",
      warmup_epochs: 40,
      decoder: "transformer",
      decoder_width: 512,
      norm_pixels: true,
    },
    // Small images, a laptop's CPU, minutes.
    small: {
      ...HALF,
      encoder: "vit_tiny",
      // 16 of 64 patches are seen; larger patches would leave 4, too few to tell what the image shows.
      patch: 8,
      size: 64,
      epochs: 20,
      batch: 32,
      optimizer: "adamw",
      lr: 5e-4,
      betas: [0.9, 0.95],
      weight_decay: 0.05,
      exclude_norm_bias: true,
      schedule: "cosine",
      warmup_epochs: 1,
      decoder: "transformer",
      decoder_width: 128,
      decoder_depth: 2,
      decoder_heads: 4,
      // On photographs linear probe and kNN gain by it within minutes.
      norm_pixels: true,
    },
  },
  flops: (config) => trainingOperations(macsOf(config)),
  // Its chance is that of one batch, and an encoder of nothing soon tells how bright a patch of each place is: more is asked of it.
  health: { learnt: 0.02, cures: "norm_pixels true or another mask_ratio" },
  flags: [{ flag: "--mask-ratio", value: "share", help: "share of the patches that are hidden" }],
  curves: [
    ["train/explained_variance", "Explained variance"],
    ["train/squared_cosine", "Likeness of images, squared cosine"],
  ],
} as const satisfies About;

/** Multiply-adds of one image: the encoder on what is visible, and the decoder. */
function macsOf(config: Config): number {
  const { patch, size, decoder } = config;
  const [w, depth] = [Number(config.decoder_width), Number(config.decoder_depth)];
  const width = encoderWidth(config);
  const all = (size / patch) ** 2;
  const seen = visibleCount(all, Number(config.mask_ratio));
  const hidden = all - seen;
  const pixels = channelsOf(config) * patch ** 2;
  const encoded = encoderMacs(config, { patches: seen });
  if (decoder === "mlp") return encoded + hidden * (2 * width * w + width * pixels);
  const embed = (1 + seen) * width * w;
  if (decoder === "transformer") return encoded + embed + blockMacs(1 + all, w, depth) + hidden * w * pixels;
  // Queries and projection for those asked, keys and values for those seen; products between the two; MLP.
  const asked = Math.max(1, Math.round(hidden * Number(config.predict_share)));
  const cross = 2 * asked * w ** 2 + 2 * (1 + seen) * w ** 2 + 2 * asked * (1 + seen) * w + 8 * asked * w ** 2;
  return encoded + embed + depth * cross + asked * w * pixels;
}
