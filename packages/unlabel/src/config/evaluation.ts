// Settings of evaluation that can be given as flags, with their ranges.
import { z } from "zod";
import { above, device, integer, number, oneOf, threads } from "./fields.ts";

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
    weight_decay: number(0, 1),
    /** Neighbours that vote. */
    k: integer(1, 1_000_000),
    temperature: above(0, 100),
    /** Of the training labels. */
    shares: z.array(above(0, 1)).min(1, { error: "one share or more" }),
  })
  .partial();
