// The images of a comparison: how their samples become the networks' input, and which are held out from training where there are no
// labels, is settled once, for all methods and seeds, and kept in compare.json.

import type { Config } from "../config/common.ts";
import type { Dataset } from "../data/folder.ts";
import { holdOut, savedHoldOut } from "../data/hold-out.ts";
import { openImages, openImagesAs } from "../data/open-images.ts";
import type { Facts } from "../methods/about.ts";
import { AUTO } from "../methods/presets.ts";
import type { Init } from "../train/init.ts";
import type { Comparison } from "./plan.ts";
import { sharedConfig } from "./run-settings.ts";

/** A comparison's images. */
export interface SettledImages {
  /** All of them, as they lie there. */
  opened: Dataset;
  /** Those that every run trains on, without those held out. */
  data: Dataset;
}

/**
 * Opens a comparison's images as it began with them; one that begins now is told how they become input, which are held out, and what
 * they are normalised by where that is to be measured.
 *
 * @throws {UsageError} for settings that make no sense together, or not with these images
 * @throws {UserError} for images that cannot be opened
 */
export async function settleImages(
  root: string,
  comparison: Comparison,
  init: Init | null = null,
): Promise<SettledImages> {
  const { input } = comparison;
  const config = sharedConfig(comparison, init);
  const opened = await (input ? openImagesAs(root, input) : openImages(root, config, config.seed));
  const data = config.hold_out ? holdOut(opened, comparison.held_out) : opened;
  comparison.held_out = data.heldOut ? savedHoldOut(data.heldOut) : null;
  if (input) return { opened, data };
  if (data.train.input) comparison.input = data.train.input;
  if (config.preset === AUTO) comparison.facts = await factsHere(data, config);
  if (config.mean === "auto" || config.std === "auto") {
    const { withChannelsOf } = await import("../train/normalisation.ts");
    const { mean, std } = await withChannelsOf(data.train, config, comparison.settings);
    comparison.measured = { mean, std };
  }
  return { opened, data };
}

async function factsHere(data: Dataset, { device, seed }: Config): Promise<Facts> {
  const [{ engineInfo }, { chooseDevice }, { factsOf }] = await Promise.all([
    import("@unlabel/torch"),
    import("../train/machine.ts"),
    import("../train/fit.ts"),
  ]);
  return factsOf(data, chooseDevice(device, engineInfo()), seed);
}
