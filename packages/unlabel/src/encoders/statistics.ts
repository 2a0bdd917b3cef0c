// Running statistics that a second pass over the same images must not move again.
import { keep, type nn, noGrad, scope } from "@unlabel/torch";

/**
 * Runs `body` and puts the running statistics of `module` back to what they were before: copies of what forward passes move
 * (BatchNorm's), and of nothing else that is not trained, such as a teacher's weights.
 */
export function keepingStatistics<T>(module: nn.Module<never, unknown>, body: () => T): T {
  const statistics = [...module.runningBuffers()];
  const before = scope(() => noGrad(() => statistics.map((buffer) => keep(buffer.clone()))));
  try {
    return body();
  } finally {
    noGrad(() => {
      for (const [i, buffer] of statistics.entries()) buffer.copy_(before[i]!);
    });
    for (const copy of before) copy.dispose();
  }
}
