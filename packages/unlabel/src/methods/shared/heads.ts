// Heads on top of an encoder, which are thrown away after pretraining.
import { nn } from "@unlabel/torch";

/**
 * Two linear layers with a ReLU between: `[B, into]` → `[B, out]`.
 *
 * @param norm where BatchNorm follows: after `none`, after the `hidden` layer, or after `all`; a linear layer before one has no
 *   bias, which it would undo
 */
export function mlpHead(into: number, hidden: number, out: number, norm: "none" | "hidden" | "all"): nn.Sequential {
  const first = new nn.Linear(into, hidden, { bias: norm === "none" });
  const last = new nn.Linear(hidden, out, { bias: norm !== "all" });
  if (norm === "none") return new nn.Sequential(first, new nn.ReLU(), last);
  const layers = [first, new nn.BatchNorm1d(hidden), new nn.ReLU(), last];
  return new nn.Sequential(...layers, ...(norm === "all" ? [new nn.BatchNorm1d(out)] : []));
}
