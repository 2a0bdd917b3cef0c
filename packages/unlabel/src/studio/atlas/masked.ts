// What a run makes of a picture of which somebody has hidden a part.
import { fromTypedArray, scope, type Tensor } from "@unlabel/torch";
import sharp from "sharp";
import { UserError } from "../../base/errors.ts";
import { evalBatches } from "../../data/eval-batches.ts";
import type { Split } from "../../data/folder.ts";
import { VisionTransformer } from "../../encoders/vit.ts";
import type { MaskedTold } from "../messages/atlas.ts";
import type { OpenedRun } from "./features.ts";

/** What is hidden before anybody has painted: three quarters, by the same order at every call. */
export function firstHidden(patches: number): number[] {
  const order = Array.from({ length: patches }, (_, i) => i).sort((a, b) => scattered(a) - scattered(b) || a - b);
  return order.slice(0, Math.round(0.75 * patches)).sort((a, b) => a - b);
}

/** A number in [0, 1) that looks like chance: the fractional part of multiples of the golden ratio. */
function scattered(i: number): number {
  return ((i + 1) * 0.6180339887498949 * (1 + (i % 7))) % 1;
}

/**
 * Hides patches and predicts them.
 *
 * @param alone a split of one image
 * @param asked patches by their number, row by row; null for three quarters of them
 * @throws {UserError} for a run whose method predicts no patches, a picture that cannot be read, or patches that are not there
 */
export async function fillIn(opened: OpenedRun, alone: Split, asked: readonly number[] | null): Promise<MaskedTold> {
  const { method, machine, images } = opened;
  const { config } = images.run.info;
  const { encoder } = method;
  if (!method.fill || !(encoder instanceof VisionTransformer))
    throw new UserError(`Expected a run of a method that predicts what is hidden, such as mae, got ${method.name}`);
  const { grid } = encoder;
  const hidden = [...new Set(asked ?? firstHidden(grid ** 2))].sort((a, b) => a - b);
  if (hidden.some((one) => !Number.isInteger(one) || one < 0 || one >= grid ** 2))
    throw new UserError(`Expected patches from 0 to ${grid ** 2 - 1}, got others`);
  if (hidden.length === 0 || hidden.length === grid ** 2)
    throw new UserError(
      `Expected at least one hidden patch and one that is seen, got ${hidden.length} of ${grid ** 2} hidden`,
    );
  const { size, mean, std } = config;
  const how = { batch: 1, mean, std, device: machine.device, filter: "bicubic" as const, reader: machine.reader };
  for await (const { images: one } of evalBatches(alone, size, {
    ...how,
    onSkip: ({ reason }) => {
      throw new UserError(`Expected a picture that can be read, got one with: ${reason}`);
    },
  })) {
    using image = one;
    const mask = new Uint8Array(grid ** 2);
    for (const at of hidden) mask[at] = 1;
    using asTensor = fromTypedArray(mask, [1, grid ** 2], { device: machine.device });
    const made = method.fill(image, asTensor);
    const told: MaskedTold = {
      original: await uriOf(made.original),
      masked: await uriOf(made.masked),
      reconstructed: await uriOf(made.reconstructed),
      ...{ grid, size, hidden: hidden.length, which: hidden },
      note:
        "norm_pixels" in config && config.norm_pixels === true
          ? "This run predicts normalised patches: each hidden one is shown with its own true mean and deviation, which the model was never asked for."
          : null,
    };
    for (const tensor of Object.values(made) as Tensor[]) tensor.dispose();
    return told;
  }
  throw new UserError("Expected a picture that can be read, got none");
}

/** A PNG of the first image, of its first three channels or the first. */
async function uriOf(images: Tensor): Promise<string> {
  const [, all, height, width] = images.shape as [number, number, number, number];
  const channels = all >= 3 ? 3 : 1;
  const pixels = scope(() => images.narrow(1, 0, channels).permute([0, 2, 3, 1]).contiguous().toArray()) as Uint8Array;
  const png = await sharp(Uint8Array.from(pixels), { raw: { width, height, channels } }).png().toBuffer();
  return `data:image/png;base64,${png.toString("base64")}`;
}
