// Groups of runs that were scored on the same test images, compared image by image: what one got right where another did not. Two
// encoders mostly fail on the same images, so their difference is far better known than either score.
import type { Evaluation } from "../run/read/evaluation-schema.ts";
import { leadInterval } from "../score/shares.ts";
import type { Interval } from "./intervals.ts";

/** What one protocol found of the runs of a group. */
type Scored = { evaluations: readonly Evaluation[] };

/** Whose predictions: a run's own, or those of what it is set beside. */
export type Kind = "trained" | "untrained" | "pixels";

/** One for all pairs, so that a's lead over b is b's behind a, and the rounds are drawn once. */
const SEED = 0;

/** How often each test image was got right, in [0, 1]. */
interface Right {
  images: string;
  right: Float64Array;
  /** The file that each is a part of, where several are of one. */
  files: Uint32Array | undefined;
}

/**
 * How often a group's runs got each test image right, in [0, 1]; null where one of them keeps no predictions (an older version
 * evaluated it) or was scored on other images than the first.
 */
function rightOf({ evaluations }: Scored, kind: Kind): Right | null {
  const first = evaluations[0]?.predicted;
  if (!first) return null;
  const right = new Float64Array(first.labels.length);
  for (const { predicted } of evaluations) {
    const own = predicted?.[kind];
    if (!predicted || !own || predicted.images !== first.images) return null;
    // A damaged file, or a stranger's: one digest, and yet not as many images.
    if (own.length !== right.length || predicted.labels.length !== right.length) return null;
    for (let n = 0; n < right.length; n++) right[n]! += Number(own[n] === predicted.labels[n]) / evaluations.length;
  }
  return { images: first.images, right, files: first.files };
}

/** 95 % interval of `a − b` over their common test images, by the paired bootstrap, no narrower than what holds of few images; null where there are none. */
export function paired(a: Scored, b: Scored, other: Kind = "trained"): Interval | null {
  const [own, rival] = [rightOf(a, "trained"), rightOf(b, other)];
  if (!own || !rival || own.images !== rival.images || own.right.length !== rival.right.length) return null;
  const { right } = rival;
  return leadInterval(
    own.right.map((share, n) => share - right[n]!),
    SEED,
    { files: own.files },
  );
}

/** Whether these are all compared image by image. */
export function allPaired(scored: readonly Scored[]): boolean {
  const images = scored.map((one) => rightOf(one, "trained")?.images ?? null);
  return images.every((one) => one !== null && one === images[0]);
}
