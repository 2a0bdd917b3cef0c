// Which places a chart shows.

/**
 * Both ends of what is shown: all places, or the part that was asked for. They are never the same, and above 0 where places are drawn by
 * their logarithms, which has nothing to draw below: uPlot would look for its marks without end.
 *
 * @param xs places, ascending
 */
export function shownPlaces(
  xs: ArrayLike<number>,
  zoom: readonly [number, number] | null,
  isLog: boolean,
): readonly [number, number] {
  const [first = isLog ? 1 : 0, last = isLog ? 10 : 1] = xs.length > 0 ? [xs[0]!, xs[xs.length - 1]!] : [];
  let [min, max] = zoom ?? [first, last];
  if (isLog && max <= 0) [min, max] = [first, last];
  if (isLog && min <= 0) min = Math.min(first, max / 2);
  if (min < max) return [min, max];
  return isLog ? [min / 2, min * 2] : [min - 1, min + 1];
}
