// Settings of how images are read, for commands that have no others.
import { z } from "zod";
import { UsageError } from "../base/errors.ts";
import { commonSchema } from "./common.ts";
import type { Settings } from "./settings.ts";
import { nearest } from "./suggest.ts";
import { checkSettings } from "./words.ts";

const { channels, bands, range, tiles } = commonSchema;
const schema = z.strictObject({
  channels: channels.optional(),
  bands: bands.optional(),
  range: range.optional(),
  tiles: tiles.optional(),
});

/**
 * Checks settings of how images are read; those that are not given are left out.
 *
 * @throws {UsageError} for one that makes no sense, or that says nothing of how images are read
 */
export function inputSettings(given: Settings) {
  const known = Object.keys(schema.shape);
  const other = Object.keys(given).find((key) => !known.includes(key));
  if (other !== undefined) {
    const guess = nearest(other, known);
    throw new UsageError(
      `Expected channels, bands, range or tiles for --set, which say how images are read, got ${other}${guess ? ` (did you mean ${guess}?)` : ""}`,
    );
  }
  const found = checkSettings(schema, given);
  return {
    ...(found.channels !== undefined && { channels: found.channels }),
    ...(found.bands !== undefined && { bands: found.bands }),
    ...(found.range !== undefined && { range: found.range }),
    ...(found.tiles !== undefined && { tiles: found.tiles }),
  };
}
