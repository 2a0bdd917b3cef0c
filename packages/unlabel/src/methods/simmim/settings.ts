// SimMIM's own settings, and which of them contradict each other.
import { between, integer } from "../../config/fields.ts";
import type { Settings } from "../../config/settings.ts";
import type { ConfigOf } from "../define.ts";

export const schema = {
  /** Share of the image's units that are hidden. */
  mask_ratio: between(0, 1),
  /** Edge of a unit in pixels; what is hidden is hidden in whole units. One patch at the least, half of an image at most: smaller views keep to that. */
  mask_unit: integer(2, 512),
};

export type SimMimConfig = ConfigOf<typeof schema>;

/** A line for each contradiction. */
export function problemsOf({ size, patch, mask_unit: unit }: SimMimConfig, given: Settings): string[] {
  const problems: string[] = [];
  if ("mask_unit" in given && unit % patch !== 0)
    problems.push(`Expected a mask_unit that is a multiple of patch ${patch}, got ${unit}`);
  if (size < 2 * patch) {
    problems.push(
      `Expected a size of two patches (${2 * patch} px) or more for SimMIM, which hides some and shows some, got ${size}`,
    );
  } else if ("mask_unit" in given && 2 * unit > size) {
    problems.push(
      `Expected a mask_unit of at most half of size (${Math.floor(size / 2)} px), so that something is seen, got ${unit}`,
    );
  }
  return problems;
}
