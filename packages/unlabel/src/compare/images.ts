// The images of a comparison: how their samples become the networks' input is settled once, for all methods and seeds, and kept in
// compare.json.

import type { Config } from "../config/common.ts";
import type { Dataset } from "../data/folder.ts";
import { openImages, openImagesAs } from "../data/open-images.ts";
import type { Facts } from "../methods/about.ts";
import { AUTO } from "../methods/presets.ts";
import { type Comparison, sharedConfig } from "./plan.ts";

/**
 * Opens a comparison's images as it began with them; one that begins now is told how they become input, and what they are normalised
 * by where that is to be measured.
 *
 * @throws {UsageError} for settings that make no sense together, or not with these images
 * @throws {UserError} for images that cannot be opened
 */
export async function settleImages(root: string, comparison: Comparison): Promise<Dataset> {
  const { input } = comparison;
  if (input) return openImagesAs(root, input);
  const config = sharedConfig(comparison);
  const data = await openImages(root, config, config.seed);
  if (data.train.input) comparison.input = data.train.input;
  if (config.preset === AUTO) comparison.facts = await factsHere(data, config);
  if (config.mean === "auto" || config.std === "auto") {
    const { withChannelsOf } = await import("../train/normalisation.ts");
    const { mean, std } = await withChannelsOf(data.train, config, comparison.settings);
    comparison.measured = { mean, std };
  }
  return data;
}

async function factsHere(data: Dataset, { device, seed }: Config): Promise<Facts> {
  const [{ engineInfo }, { chooseDevice }, { factsOf }] = await Promise.all([
    import("@unlabel/torch"),
    import("../train/machine.ts"),
    import("../train/fit.ts"),
  ]);
  return factsOf(data, chooseDevice(device, engineInfo()), seed);
}
