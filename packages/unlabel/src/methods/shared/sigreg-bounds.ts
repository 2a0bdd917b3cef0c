// What SIGReg's integral is made of, and what LeJEPA's loss is where nothing is known, for help and reports too: imports no LibTorch.

/** Knots of the integral, evenly spaced from 0 to the last, both included: as the paper has them (arXiv:2511.08544). */
export const KNOTS = 17;
/** The last knot. */
export const LAST_KNOT = 3;

/** A knot of the integral over t from −3 to 3, which is even in t: where it lies, a Gaussian's characteristic function there, its weight. */
export interface Knot {
  t: number;
  /** `exp(−t²/2)`. */
  gaussian: number;
  /** Trapezoids' share of the whole line, times `exp(−t²/2)`. */
  weight: number;
}

/** The knots but that at 0, where every characteristic function is 1 and nothing can differ. */
export function knots(): Knot[] {
  const gap = LAST_KNOT / (KNOTS - 1);
  return Array.from({ length: KNOTS - 1 }, (_, i) => {
    const t = (i + 1) * gap;
    const gaussian = Math.exp((-t * t) / 2);
    return { t, gaussian, weight: (i === KNOTS - 2 ? gap : 2 * gap) * gaussian };
  });
}

/** How often an image is seen. */
export interface ViewCounts {
  /** Views of the whole size, 1 or more. */
  globals: number;
  /** Small views, 0 or more. */
  locals: number;
}

/**
 * Mean squared distance of views to the centre of the whole ones, where all views' numbers are independent and of variance 1: a whole view is
 * part of the centre, a small one is not.
 */
export function unrelatedDistance({ globals, locals }: ViewCounts): number {
  return (globals * (1 - 1 / globals) + locals * (1 + 1 / globals)) / (globals + locals);
}

/**
 * The least that LeJEPA's loss is on average where views of an image are no more alike than those of two images: independent normal numbers
 * of the best deviation s cost `(1 − λ)·s²·d + λ·Σ weight · (N·(e^(−s²t²/2) − e^(−t²/2))² + 1 − e^(−s²t²))`, with d of {@link unrelatedDistance}.
 * s = 0 is a constant.
 *
 * @param weight λ, from 0 to 1
 * @param images N of a batch
 * @returns null where a term is off, so that nothing need be learnt for 0
 */
export function leJepaChance(weight: number, images: number, views: ViewCounts): number | null {
  if (weight <= 0 || weight >= 1 || views.globals + views.locals < 2) return null;
  const distance = unrelatedDistance(views);
  const at = (s: number) =>
    (1 - weight) * s * s * distance +
    weight *
      knots().reduce((sum, { t, gaussian, weight: share }) => {
        const own = Math.exp((-s * s * t * t) / 2);
        return sum + share * (images * (own - gaussian) ** 2 + 1 - own * own);
      }, 0);
  return Math.min(...Array.from({ length: 121 }, (_, i) => at(i / 100)));
}
