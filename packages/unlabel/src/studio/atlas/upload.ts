// A picture that somebody drops on a page: bounded in bytes and in pixels before anything of it is decoded.
import { UserError } from "../../base/errors.ts";
import type { Split } from "../../data/folder.ts";
import type { Input } from "../../data/input.ts";
import type { ImageReader } from "../../data/reader.ts";

/** In bytes. */
export const MOST_UPLOAD = 25_000_000;
/** A large camera's. */
const MOST_PIXELS = 100_000_000;

/**
 * A split of that one picture.
 *
 * @param input as the run reads its images
 * @throws {UserError} where it is too large, or none that can be read
 */
export async function uploaded(bytes: Uint8Array, input: Input | undefined, reader: ImageReader): Promise<Split> {
  if (bytes.length === 0) throw new UserError("Expected a picture, got an empty file");
  if (bytes.length > MOST_UPLOAD)
    throw new UserError(
      `Expected a picture of at most ${MOST_UPLOAD / 1e6} MB, got ${(bytes.length / 1e6).toFixed(1)}`,
    );
  const { sizes, failures } = await reader.sizes([bytes]);
  const size = sizes[0];
  if (!size) throw new UserError(`Expected a picture, got what cannot be read: ${failures[0]?.reason ?? "unknown"}`);
  if (size.width * size.height > MOST_PIXELS)
    throw new UserError(
      `Expected a picture of at most ${MOST_PIXELS / 1e6} megapixels, got ${size.width} × ${size.height}`,
    );
  const items = [{ path: "your picture", label: -1 }];
  return { name: "val", root: "", items, load: async () => [bytes], ...(input && { input }) };
}
