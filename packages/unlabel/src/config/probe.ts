// Settings of a linear probe that can be given as flags, with their ranges.
import { z } from "zod";
import { above, device, integer, number, oneOf, threads } from "./fields.ts";

export const probeSchema = z
  .strictObject({
    epochs: integer(1, 100_000),
    batch: integer(1, 65_536),
    /** Peak learning rate; without one, it is chosen on a tenth of the training images. */
    lr: above(0, 100),
    weight_decay: number(0, 1),
    seed: integer(0, 2 ** 32 - 1),
    threads: threads(),
    device: device(),
    precision: oneOf("auto", "fp32", "bf16"),
  })
  .partial();
