// Minutes of a bench whose rows are kept are those of one machine, the one that measured the first speed. What is measured on another is told
// as it would have been there: as many times the first one's, timed again beside it, as it was here.

export interface Speed {
  /** Seconds a step. */
  step_s: number;
  batch: number;
}

/** A kept speed. */
export interface KeptSpeed extends Speed {
  threads: number;
  /** Of the machine that `step_s` is of. */
  cpu: string;
  /** Where it was measured on another: which, what a step took there, and what one of the first row's did. */
  elsewhere?: { cpu: string; step_s: number; beside: number };
}

/**
 * @param first the first speed that was kept
 * @param again times what the first row has, here
 */
export async function asThere<T extends Speed>(
  found: T,
  here: { threads: number; cpu: string },
  first: KeptSpeed | undefined,
  again: () => Promise<Speed>,
): Promise<T & Pick<KeptSpeed, "threads" | "cpu" | "elsewhere">> {
  if (!first || (first.cpu === here.cpu && first.threads === here.threads)) return { ...found, ...here };
  const { step_s: beside } = await again();
  const step_s = Number(((first.step_s * found.step_s) / beside).toPrecision(4));
  const { threads, cpu } = first;
  return { ...found, step_s, threads, cpu, elsewhere: { cpu: here.cpu, step_s: found.step_s, beside } };
}
