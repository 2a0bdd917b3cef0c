// One series of a run's metrics, thinned as it streams by: memory stays constant whatever the length of the file.
// Points fall into buckets of equal width; each keeps its least and greatest point, so that no spike is lost, and its mean.

export type Point = readonly [step: number, value: number];

type Bucket = { low: Point; high: Point; sum: number; count: number; from: number; to: number };

/** Buckets kept at most; two extremes each plus the first and the last point make at most 1,000 points. */
const BUCKETS = 498;

function merge(a: Bucket, b: Bucket): Bucket {
  return {
    low: b.low[1] < a.low[1] ? b.low : a.low,
    high: b.high[1] > a.high[1] ? b.high : a.high,
    sum: a.sum + b.sum,
    count: a.count + b.count,
    from: a.from,
    to: b.to,
  };
}

function single([step, value]: Point): Bucket {
  return { low: [step, value], high: [step, value], sum: value, count: 1, from: step, to: step };
}

/** Collects `(step, value)` in rising order of steps. */
export class Series {
  /** Values seen, whether kept or not. */
  count = 0;
  /** Values that were not a number (NaN and infinities, which JSON writes as null), and the step of the first. */
  broken = 0;
  brokenAt: number | null = null;
  private buckets: Bucket[] = [];
  private width = 1;
  private first: Point | null = null;
  private last: Point | null = null;

  add(step: number, value: number | null): void {
    if (value === null || !Number.isFinite(value)) {
      this.broken += 1;
      this.brokenAt ??= step;
      return;
    }
    this.count += 1;
    const point: Point = [step, value];
    this.first ??= point;
    this.last = point;
    const current = this.buckets.at(-1);
    if (current && current.count < this.width) {
      this.buckets[this.buckets.length - 1] = merge(current, single(point));
      return;
    }
    if (this.buckets.length === BUCKETS) this.halve();
    this.buckets.push(single(point));
  }

  private halve(): void {
    const halved: Bucket[] = [];
    for (let index = 0; index < this.buckets.length; index += 2) {
      const a = this.buckets[index];
      const b = this.buckets[index + 1];
      if (a) halved.push(b ? merge(a, b) : a);
    }
    this.buckets = halved;
    this.width *= 2;
  }

  /** Whether there were more values than are kept one by one. */
  get isThinned(): boolean {
    return this.width > 1;
  }

  /** At most 1,000 points in order of steps; all of them where there were no more than 498. */
  points(): Point[] {
    const found = new Map<number, Point>();
    const extremes = this.buckets.flatMap(({ low, high }) => [low, high]);
    for (const point of [this.first, ...extremes, this.last]) if (point) found.set(point[0], point);
    return [...found.values()].sort((a, b) => a[0] - b[0]);
  }

  /** Means over about `windows` stretches of the series, each at the middle of its stretch. */
  means(windows = 80): Point[] {
    const size = Math.max(1, Math.ceil(this.buckets.length / windows));
    const means: Point[] = [];
    for (let index = 0; index < this.buckets.length; index += size) {
      const { from, to, sum, count } = this.buckets.slice(index, index + size).reduce(merge);
      means.push([(from + to) / 2, sum / count]);
    }
    return means;
  }
}
