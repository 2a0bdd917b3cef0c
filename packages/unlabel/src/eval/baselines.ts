// What a score is worth only shows beside others: the same probe on the encoder before training, and on raw pixels.
import { loadSafetensors, manualSeed } from "@unlabel/torch";
import type { Config } from "../config/schema.ts";
import { createMethod, type Method } from "../methods/index.ts";
import type { RunDirectory } from "../train/run.ts";

/** A method with the weights that its run began with, bit for bit: they follow from config and seed. */
export function untrainedMethod(config: Config): Method {
  manualSeed(config.seed);
  return createMethod(config);
}

/** A run's method with the weights of its last checkpoint, and the step that they were saved after. */
export function trainedMethod(run: RunDirectory): { method: Method; step: number } {
  const { tensors, metadata } = loadSafetensors(run.weights);
  const method = untrainedMethod(run.info.config);
  method.loadStateDict(tensors);
  for (const tensor of Object.values(tensors)) tensor.dispose();
  return { method, step: Number(metadata.step) };
}
