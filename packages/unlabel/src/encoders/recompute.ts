// Activation checkpointing (arXiv:1604.06174): of a chain of blocks only what goes into each is kept, and what a block's
// backward needs is computed again when it is its turn. Deliberate difference to PyTorch's: the graph is cut at each block and
// walked back here, block by block, so that nothing has to be called from within LibTorch's backward on whatever thread.
import { backward, keep, type nn, noGrad, type Tensor } from "@unlabel/torch";

interface Entry {
  block: nn.Module;
  /** What went in, with its graph; for the first block that of the layers before. */
  input: Tensor;
  /** What came out, cut off from its graph: a leaf that collects the gradient. */
  output: Tensor;
}

let recording: Entry[] | null = null;

/** `x` through the blocks, one after the other; under {@link recomputing} their activations are not kept. */
export function throughBlocks(x: Tensor, blocks: Iterable<nn.Module>): Tensor {
  let out = x;
  for (const block of blocks) {
    if (!recording) {
      out = block.call(out);
      continue;
    }
    const input = keep(out);
    out = noGrad(() => block.call(input)).requiresGrad_();
    recording.push({ block, input, output: keep(out) });
  }
  return out;
}

/**
 * Runs `forward` without keeping the activations of blocks, then `backwards` on what it returned, then each block once more
 * with gradients, from the last to the first. `again` runs such a second pass (under the autocast of the first). BatchNorm's
 * running statistics move once, in the first pass; blocks must draw no random numbers.
 */
export function recomputing<T>(
  module: nn.Module<never, unknown>,
  forward: () => T,
  backwards: (found: T) => void,
  again: (body: () => Tensor) => Tensor,
): T {
  const entries: Entry[] = [];
  const outer = recording;
  let buffers: [Tensor, Tensor][] = [];
  try {
    recording = entries;
    const found = forward();
    recording = null;
    backwards(found);
    buffers = [...module.namedTensors()].flatMap(([, tensor]) =>
      tensor.requiresGrad ? [] : [[tensor, keep(noGrad(() => tensor.clone()))] as [Tensor, Tensor]],
    );
    for (const { block, input, output } of entries.reverse()) pass(block, input, output, again);
    return found;
  } finally {
    recording = outer;
    noGrad(() => {
      for (const [tensor, before] of buffers) tensor.copy_(before);
    });
    for (const tensor of [...buffers.map(([, before]) => before), ...entries.flatMap((one) => [one.input, one.output])])
      tensor.dispose();
  }
}

/** One block's backward, and on into the graph of what went into it. */
function pass(block: nn.Module, input: Tensor, output: Tensor, again: (body: () => Tensor) => Tensor): void {
  if (!output.grad) return; // nothing asked of it
  using gradient = output.grad;
  using leaf = input.detach().requiresGrad_();
  using out = again(() => block.call(leaf));
  backward(out, { gradient });
  if (!input.requiresGrad || !leaf.grad) return;
  using onwards = leaf.grad;
  backward(input, { gradient: onwards });
}
