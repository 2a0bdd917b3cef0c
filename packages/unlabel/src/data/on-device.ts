// Views of a batch on the device that trains: pixels go there as bytes, and are coloured and normalised where they are.
import type { Tensor } from "@unlabel/torch";
import { augmentTogether } from "./augment.ts";
import type { ViewParams } from "./params.ts";
import type { ViewSpec } from "./views.ts";

/**
 * Sends a batch's pixels and all numbers that its views need to the device, and makes the views there. The host waits for neither.
 *
 * @param pixels bytes `[count·B, S, S, 3]` for each spec, on the CPU; they are disposed of, and LibTorch gives memory that cannot be moved to
 *   others only when the copy is done
 * @param params what happens to each view of each spec
 * @returns for each spec float32 `[count·B, 3, S, S]`, channels-last
 */
export function viewsOnDevice(
  pixels: readonly Tensor[],
  specs: readonly ViewSpec[],
  params: readonly (readonly ViewParams[])[],
  device: string,
): Tensor[] {
  const there = pixels.map((own) => {
    using bytes = own;
    return bytes.to({ device, nonBlocking: true });
  });
  try {
    return augmentTogether(there.map((own, s) => ({ pixels: own, spec: specs[s]!, views: params[s]! })));
  } finally {
    for (const own of there) own.dispose();
  }
}
