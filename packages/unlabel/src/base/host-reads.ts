// Where training reads what a device has computed. The host gives a device its work long before it is done; to read a value is to wait for all of
// it, so a step does that once, at its end, and whatever wants to know something puts it beside the rest (LossOutput.readings).
import type { Tensor } from "@unlabel/torch";

/** Every read of a training step, and why. Looks, checkpoints and evaluation wait for the device anyway, and are not counted here. */
export const HOST_READS = {
  step: "loss, norms, logs, what the online probe says and what a method wants to know of the step: all at once, when it is over",
} as const;

/** A read that {@link HOST_READS} lists. */
export type HostRead = keyof typeof HOST_READS;

/**
 * Values of a device on the host.
 *
 * @param what which of the reads it is
 * @param values float32
 */
export function readFromDevice(what: HostRead, values: Tensor): Float32Array {
  if (!(what in HOST_READS)) throw new Error(`Expected a read of ${Object.keys(HOST_READS).join(", ")}, got ${what}`);
  return values.toArray() as Float32Array;
}
