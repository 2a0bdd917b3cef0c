// The cost model of a step over ranks, as docs/scale.md has it: compute, and the sum of gradients over ranks, bucket by bucket.

/** Seconds of an all-reduce: a part for each message, a part for each byte. */
export interface Network {
  /** Seconds that any all-reduce takes. */
  latency: number;
  /** Seconds a byte more. */
  byte: number;
}

export interface StepTerms {
  /** Seconds of a step of one rank alone on its core or GPU. */
  compute: number;
  ranks: number;
  /** Cores that ranks share; a GPU each counts as one. */
  cores: number;
  /** Of all gradients. */
  bytes: number;
  network: Network;
  /** Bytes of a bucket; default 25 MiB. */
  bucket?: number;
  /** Share of the all-reduce that hides behind other work; default 0: buckets go after backward. */
  hidden?: number;
}

/** Seconds of a step of all ranks together. */
export function stepSeconds({
  compute,
  ranks,
  cores,
  bytes,
  network,
  bucket = 25 * 2 ** 20,
  hidden = 0,
}: StepTerms): number {
  const shared = Math.max(1, ranks / cores);
  const sum = ranks === 1 ? 0 : Math.ceil(bytes / bucket) * network.latency + bytes * network.byte;
  return compute * shared + (1 - hidden) * sum;
}

/** The network of a ring: each byte travels 2 (n − 1) / n times through the slowest link, in 2 (n − 1) hops. */
export function ring(ranks: number, { hop, bytesPerSecond }: { hop: number; bytesPerSecond: number }): Network {
  const hops = 2 * (ranks - 1);
  return { latency: hops * hop, byte: hops / ranks / bytesPerSecond };
}

/** The straight line through measurements by least squares of relative errors, so that small messages count as much as large ones. */
export function linear(points: readonly { bytes: number; seconds: number }[]): Network {
  let [w, x, y, xx, xy] = [0, 0, 0, 0, 0];
  for (const { bytes, seconds } of points) {
    const weight = 1 / seconds ** 2;
    w += weight;
    x += weight * bytes;
    y += weight * seconds;
    xx += weight * bytes * bytes;
    xy += weight * bytes * seconds;
  }
  const byte = (w * xy - x * y) / (w * xx - x * x);
  return { latency: Math.max(0, (y - byte * x) / w), byte };
}
