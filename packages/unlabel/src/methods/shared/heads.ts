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

/** How a {@link deepHead} ends. */
export interface HeadEnd {
  /** BatchNorm after the last layer: `none`; `affine`, with a scale and a shift that are trained; `plain`, without. Default none. */
  norm?: "none" | "affine" | "plain";
  /** Whether the last layer has a bias where no BatchNorm follows; default true. */
  bias?: boolean;
}

/**
 * Linear layers with BatchNorm and ReLU between them: `[B, widths[0]]` → `[B, widths.at(-1)]`. Those before a BatchNorm have no bias, which
 * it would undo.
 *
 * @param widths of the input, of each hidden layer and of the output; two or more
 */
export function deepHead(widths: readonly number[], { norm = "none", bias = true }: HeadEnd = {}): nn.Sequential {
  const layers = widths.slice(1).flatMap((width, i) => {
    const last = i === widths.length - 2;
    const linear = new nn.Linear(widths[i]!, width, { bias: last && norm === "none" && bias });
    if (!last) return [linear, new nn.BatchNorm1d(width), new nn.ReLU()];
    return norm === "none" ? [linear] : [linear, new nn.BatchNorm1d(width, { affine: norm === "affine" })];
  });
  return new nn.Sequential(...layers);
}
