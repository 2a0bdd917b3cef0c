// Opens images for a check as training would open them; where training would refuse them, says so and opens them in some other way,
// so that all else that is to be mended is seen in one go.
import { UsageError, UserError } from "../base/errors.ts";
import type { Dataset } from "../data/folder.ts";
import { AS_THEY_ARE, type InputSettings } from "../data/input-settings.ts";
import { openData } from "../data/open.ts";
import { openImages } from "../data/open-images.ts";

/** How the line begins by which it is said. */
export const READ_SO = "read so for this check alone; training would refuse these images";

/** Images, and why training would refuse them. */
export interface Opened {
  /** Those of train and val have an `input`. */
  data: Dataset;
  /** What training would end with; null where it would go. */
  refusal: string | null;
}

/**
 * See the head of this file.
 *
 * @throws {UsageError} for settings that contradict each other
 * @throws {UserError} where there are no images
 */
export async function openForCheck(root: string, given: Partial<InputSettings>): Promise<Opened> {
  const settings: InputSettings = { ...AS_THEY_ARE, ...given };
  try {
    return { data: await openImages(root, settings, 0), refusal: null };
  } catch (error) {
    if (!(error instanceof UserError) || error instanceof UsageError) throw error;
    // Whether it is about the images, or about there being none.
    await openData(root);
    for (const other of otherWays(given)) {
      try {
        const data = await openImages(root, { ...settings, ...other }, 0);
        const readings = [...(data.readings ?? []), `${READ_SO}: ${error.message}`];
        return { data: { ...data, readings }, refusal: error.message };
      } catch {
        // The next way, or the first error.
      }
    }
    throw error;
  }
}

/** What is left open, chosen otherwise: all that a type holds, one band, both. */
function otherWays(given: Partial<InputSettings>): Partial<InputSettings>[] {
  const isOpen = (value: unknown) => value === undefined || value === null || value === "auto";
  const ranges = isOpen(given.range) ? ([{ range: "type" }, { range: [0, 1] }] as const) : [];
  const one = isOpen(given.channels) && isOpen(given.bands) ? ([{ channels: 1, bands: null }] as const) : [];
  return [...ranges.slice(0, 1), ...one, ...ranges.flatMap((range) => one.map((first) => ({ ...range, ...first })))];
}
