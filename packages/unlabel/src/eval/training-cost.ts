// What a run's training took for an image, by its own record, and how much of that an encoder does with one view.
import { type EncoderConfig, encoderMacs, stemOf } from "../encoders/facts.ts";
import { forwardOperations } from "../methods/about.ts";
import type { RunInfo } from "../run/directory.ts";
import { trainingFlops } from "../train/flops.ts";
import type { TrainingCost } from "./indicator-plan.ts";

/** Null where the run has recorded no time. @param size edge in pixels of the images that are looked at */
export function trainingCost(
  { config, result }: Pick<RunInfo, "config" | "result">,
  size: number,
): TrainingCost | null {
  if (!result || !(result.seconds > 0) || !(result.step_s > 0)) return null;
  // The encoder was made for the size that it was trained at.
  const stem = stemOf(config as Pick<EncoderConfig, "stem" | "size">);
  const forward = forwardOperations(encoderMacs({ ...config, stem, size }));
  return {
    seconds: result.seconds,
    perImage: result.step_s / config.batch,
    viewShare: forward / trainingFlops(config),
  };
}
