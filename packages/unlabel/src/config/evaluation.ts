// Settings of evaluation that can be given as flags, with their ranges.
import { z } from "zod";
import { above, below, device, integer, number, oneOf, threads } from "./fields.ts";

const SHARES = "one share or more";

export const machineSettings = z
  .strictObject({ threads: threads(), device: device(), precision: oneOf("auto", "fp32", "bf16") })
  .partial();

export const evaluationSettings = z
  .strictObject({
    ...machineSettings.shape,
    seed: integer(0, 2 ** 32 - 1),
    /** Of what is held out of train to score on, where there is no val. */
    split_seed: integer(0, 2 ** 32 - 1),
    /** Edge of the images in pixels. */
    size: integer(16, 1024),
    solver: oneOf("sgd", "lbfgs"),
    epochs: integer(1, 100_000),
    batch: integer(1, 65_536),
    /** Peak learning rate; without one, the linear probe's is chosen on images held out from train. */
    lr: above(0, 100),
    /** Of SGD. */
    momentum: below(0, 1),
    weight_decay: number(0, 1),
    /** By how much lower layers learn more slowly. */
    layer_decay: above(0, 1),
    /** Neighbours that vote. */
    k: integer(1, 1_000_000),
    temperature: above(0, 100),
    /** Of the training labels. */
    shares: z.array(above(0, 1), { error: SHARES }).min(1, { error: SHARES }),
    /** Images that indicators look at. */
    indicator_images: integer(16, 2048),
    /** Edge of a thumbnail in pixels. */
    thumbnails: integer(1, 1024),
  })
  .partial();

/** Of the linear probe; null for what is chosen on images held out from train. */
export const linearSettings = evaluationSettings
  .pick({ solver: true, epochs: true, batch: true, momentum: true })
  .extend({ lr: above(0, 100).nullish(), weight_decay: number(0, 1).nullish() });

export const knnSettings = evaluationSettings.pick({ k: true, temperature: true });

/** Of fine-tuning and training from scratch. */
export const networkSettings = evaluationSettings.pick({
  epochs: true,
  batch: true,
  lr: true,
  weight_decay: true,
  layer_decay: true,
});
