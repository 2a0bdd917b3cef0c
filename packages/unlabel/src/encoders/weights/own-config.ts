// What a checkpoint of unlabel's says of its encoder that no shape tells: its run's config stands in the file's metadata.
import { z } from "zod";
import { type CommonConfig, variantSchema } from "../../config/common.ts";
import { NORM_EPS } from "../variants.ts";
import type { Hints } from "./found-architecture.ts";

/** Settings that set a ViT apart from its usual form, as a run's config has them. */
export type OwnVariant = Pick<CommonConfig, keyof typeof variantSchema>;

/** Those in a file's metadata; none where it is no checkpoint of ours, or what stands there cannot be meant. */
export function ownVariant({ config, method }: Readonly<Record<string, unknown>>): OwnVariant {
  if (typeof config !== "string" || typeof method !== "string") return {};
  try {
    const found = z.object(variantSchema).safeParse(JSON.parse(config));
    return found.success ? found.data : {};
  } catch {
    return {};
  }
}

/** What of it shapes do not tell. */
export function hintsOf({ heads, norm_eps: normEps = NORM_EPS, interpolation }: OwnVariant): Hints {
  return { heads, normEps, interpolation };
}
