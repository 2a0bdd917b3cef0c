// Which form of colour jitter `color_form auto` means: of methods that have one.
import type { Config } from "../config/common.ts";

/**
 * A config with the form that suits the device in the place of `auto`; others as they are.
 *
 * @param device LibTorch's name of it
 */
export function withColorForm<C extends Config>(config: C, device: string): C {
  if (config.color_form !== "auto") return config;
  // On a CPU the reader's threads paint each view for itself, and exact costs a few per cent; on a GPU it takes a few hundred operators a batch.
  return { ...config, color_form: device === "cpu" ? "exact" : "fused" };
}
