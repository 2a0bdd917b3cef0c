// What a step of LeJEPA and VISReg computes, for forecasts: imports no LibTorch.
import type { Config } from "../../config/common.ts";
import { encoderDim, encoderMacs } from "../../encoders/facts.ts";
import { headMacs } from "./head-macs.ts";
import { localMacs } from "./local-size.ts";

/** Multiply-adds of one image: all of its views through encoder and projector, and onto the directions. */
export function manyViewsMacs(config: Config): number {
  const [hidden, out] = [Number(config.projection_hidden), Number(config.projection_dim)];
  const each = headMacs([encoderDim(config), hidden, hidden, out]) + out * Number(config.slices);
  const [globals, locals] = [Number(config.global_views), Number(config.local_views)];
  return globals * (encoderMacs(config) + each) + (locals && locals * (localMacs(config) + each));
}
