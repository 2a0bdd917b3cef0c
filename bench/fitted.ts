// What preset auto makes of images, without a training.
import type { Config } from "../packages/unlabel/src/config/common.ts";
import type { Settings } from "../packages/unlabel/src/config/settings.ts";
import { openImages } from "../packages/unlabel/src/data/open-images.ts";
import { fit as choose } from "../packages/unlabel/src/methods/fit.ts";
import { methodNamed, resolveConfig } from "../packages/unlabel/src/methods/registry.ts";
import { factsOf } from "../packages/unlabel/src/train/fit.ts";

/**
 * The settings of a training of these images with these flags, and how many images it has.
 *
 * @param device LibTorch's name of it
 */
export async function fittedTo(
  images: string,
  flags: Settings & { method: string },
  device = "cpu",
): Promise<{ config: Config; images: number }> {
  const first = resolveConfig({ flags });
  const facts = await factsOf(await openImages(images, first, first.seed), device, first.seed);
  const { settings: fitted } = choose(methodNamed(flags.method).about, facts, flags);
  return { config: resolveConfig({ flags, fitted }), images: facts.images };
}
