// Activation checkpointing (arXiv:1604.06174): of a chain of blocks only what goes into each is kept, and what a block's
// backward needs is computed again when it is its turn. Deliberate difference to PyTorch's: the graph is cut at each block and
// walked back here, block by block, so that nothing has to be called from within LibTorch's backward on whatever thread.
import { backward, isGradEnabled, keep, type nn, noGrad, type Tensor } from "@unlabel/torch";
import { keepingStatistics } from "./statistics.ts";

/** A residual block; `paths` is what drop-path.ts multiplies its branches by. */
export type ResidualBlock = nn.Module<[x: Tensor, paths?: Tensor | null], Tensor>;

interface Entry {
  block: ResidualBlock;
  /** What went in, with its graph; for the first block that of the layers before. */
  input: Tensor;
  paths: Tensor | null;
  /** What came out, cut off from its graph: a leaf that collects the gradient. */
  output: Tensor;
}

let recording: Entry[] | null = null;

/**
 * `x` through the blocks, one after the other; under {@link recomputing} their activations are not kept. Without gradients, as
 * in a teacher, there is nothing to come back for.
 *
 * @param paths one entry a block, or none
 */
export function throughBlocks(
  x: Tensor,
  blocks: Iterable<ResidualBlock>,
  paths: readonly (Tensor | null)[] = [],
): Tensor {
  let out = x;
  let index = 0;
  for (const block of blocks) {
    const path = paths[index++] ?? null;
    if (!recording || !isGradEnabled()) {
      out = block.call(out, path);
      continue;
    }
    const input = keep(out);
    out = noGrad(() => block.call(input, path)).requiresGrad_();
    recording.push({ block, input, paths: path && keep(path), output: keep(out) });
  }
  return out;
}

/**
 * Runs `forward` without keeping the activations of blocks, then `backwards` on what it returned, then each block once more
 * with gradients, from the last to the first. `again` runs such a second pass (under the autocast of the first). BatchNorm's
 * running statistics move once, in the first pass; random numbers a block is handed, it does not draw any.
 */
export function recomputing<T>(
  module: nn.Module<never, unknown>,
  forward: () => T,
  backwards: (found: T) => void,
  again: (body: () => Tensor) => Tensor,
): T {
  const entries: Entry[] = [];
  const outer = recording;
  try {
    recording = entries;
    const found = forward();
    recording = null;
    backwards(found);
    keepingStatistics(module, () => {
      for (const entry of entries.reverse()) pass(entry, again);
    });
    return found;
  } finally {
    recording = outer;
    for (const { input, paths, output } of entries) {
      input.dispose();
      paths?.dispose();
      output.dispose();
    }
  }
}

/** One block's backward, and on into the graph of what went into it. */
function pass({ block, input, paths, output }: Entry, again: (body: () => Tensor) => Tensor): void {
  if (!output.grad) return; // nothing asked of it
  using gradient = output.grad;
  using leaf = input.detach().requiresGrad_();
  using out = again(() => block.call(leaf, paths));
  backward(out, { gradient });
  if (!input.requiresGrad || !leaf.grad) return;
  using onwards = leaf.grad;
  backward(input, { gradient: onwards });
}
