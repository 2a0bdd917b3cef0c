// How much memory there is: what caches and forecasts reckon with.
import { totalmem } from "node:os";

/** Memory in bytes that this process may use: the machine's, or a container's limit. */
export function allowedMemory(): number {
  // Zero where it is not known, more than there is where there is no limit.
  return Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
}
