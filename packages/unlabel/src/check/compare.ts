// Whether two pictures show the same: how well one fits onto a part of the other, once the best part has been found. This is
// the second look at pairs whose hashes are near, which by itself proves little.

/** Edge of the square gray pictures that are compared. */
export const LOOK_SIDE = 64;
/** Edge of the grid on which they are. */
const GRID = 32;
const POINTS = GRID * GRID;

/** A part of a picture, as shares of its edges. */
interface Part {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Likeness {
  /** Correlation of the gray values, −1 … 1. */
  coarse: number;
  /** Correlation of what is left of them once the surroundings' mean is taken away: of edges and texture. */
  fine: number;
}

// What a slight crop leaves: at least this share of each edge.
const LEAST = 0.78;
/** Below this nothing comes of moving edges. */
const HOPELESS = 0.6;
const STARTS: Part[] = [1, 0.95, 0.9, 0.85].flatMap((s) =>
  (s === 1 ? [0] : [0, 0.5, 1]).flatMap((right, _, all) =>
    all.map((down) => ({ x: (1 - s) * right, y: (1 - s) * down, width: s, height: s })),
  ),
);

/**
 * How much two gray pictures (`LOOK_SIDE × LOOK_SIDE`) are alike, where either may be a part of the other. Brightness and contrast
 * make no difference.
 */
export function likeness(a: Float32Array, b: Float32Array): Likeness {
  const [smoothA, smoothB] = [smoothed(a), smoothed(b)];
  const forth = fit(smoothA, smoothB);
  const back = fit(smoothB, smoothA);
  return forth.coarse + forth.fine >= back.coarse + back.fine ? forth : back;
}

/** Fits a part of `larger` onto the whole of `smaller`: the best of a few parts, then moved edge by edge while that helps. */
function fit(larger: Float32Array, smaller: Float32Array): Likeness {
  const wanted = standardised(sampled(smaller, { x: 0, y: 0, width: 1, height: 1 }));
  const score = (part: Part) => correlation(sampled(larger, part), wanted);
  let best = STARTS[0]!;
  let most = Number.NEGATIVE_INFINITY;
  const offer = (part: Part) => {
    const value = score(part);
    if (value <= most) return false;
    [best, most] = [part, value];
    return true;
  };
  for (const part of STARTS) offer(part);
  if (most < HOPELESS) return { coarse: most, fine: 0 };
  for (let step = 0.03; step > 0.004; step /= 2) {
    for (let moved = true, rounds = 0; moved && rounds < 6; rounds++) {
      moved = false;
      for (const part of neighbours(best, step)) moved = offer(part) || moved;
    }
  }
  const found = sampled(larger, best);
  return { coarse: most, fine: correlation(detail(found), standardised(detail(wanted))) };
}

/** The part with each of its four edges moved in and out. */
function neighbours({ x, y, width, height }: Part, step: number): Part[] {
  return [step, -step]
    .flatMap((d) => [
      { x: x + d, y, width: width - d, height },
      { x, y, width: width - d, height },
      { x, y: y + d, width, height: height - d },
      { x, y, width, height: height - d },
      { x: x + d, y, width, height },
      { x, y: y + d, width, height },
    ])
    .filter(
      (p) => p.x >= 0 && p.y >= 0 && p.width >= LEAST && p.height >= LEAST && p.x + p.width <= 1 && p.y + p.height <= 1,
    );
}

/** A part of a (smoothed) picture on the grid, interpolated. */
function sampled(picture: Float32Array, { x, y, width, height }: Part): Float32Array {
  const out = new Float32Array(POINTS);
  for (let j = 0, at = 0; j < GRID; j++) {
    const v = clamp((y + ((j + 0.5) / GRID) * height) * LOOK_SIDE - 0.5);
    const top = Math.min(LOOK_SIDE - 2, Math.floor(v));
    for (let i = 0; i < GRID; i++) {
      const u = clamp((x + ((i + 0.5) / GRID) * width) * LOOK_SIDE - 0.5);
      const left = Math.min(LOOK_SIDE - 2, Math.floor(u));
      const from = top * LOOK_SIDE + left;
      const upper = picture[from]! + (picture[from + 1]! - picture[from]!) * (u - left);
      const below = from + LOOK_SIDE;
      const lower = picture[below]! + (picture[below + 1]! - picture[below]!) * (u - left);
      out[at++] = upper + (lower - upper) * (v - top);
    }
  }
  return out;
}

function clamp(at: number): number {
  return Math.max(0, Math.min(LOOK_SIDE - 1, at));
}

/** Each pixel with its eight neighbours, weighted 1 2 1 both ways: on the grid, half as fine, single pixels would be noise. */
function smoothed(picture: Float32Array): Float32Array {
  const out = new Float32Array(picture.length);
  const last = LOOK_SIDE - 1;
  for (let y = 0; y < LOOK_SIDE; y++) {
    for (let x = 0; x < LOOK_SIDE; x++) {
      let sum = 0;
      for (let v = -1; v <= 1; v++) {
        const row = Math.max(0, Math.min(last, y + v)) * LOOK_SIDE;
        const across =
          picture[row + Math.max(0, x - 1)]! + 2 * picture[row + x]! + picture[row + Math.min(last, x + 1)]!;
        sum += v === 0 ? 2 * across : across;
      }
      out[y * LOOK_SIDE + x] = sum / 16;
    }
  }
  return out;
}

/** Less the mean of the 5 × 5 points around. */
function detail(values: Float32Array): Float32Array {
  const reach = 2;
  const out = new Float32Array(POINTS);
  for (let y = 0; y < GRID; y++) {
    for (let x = 0; x < GRID; x++) {
      let [sum, count] = [0, 0];
      for (let v = Math.max(0, y - reach); v <= Math.min(GRID - 1, y + reach); v++) {
        for (let u = Math.max(0, x - reach); u <= Math.min(GRID - 1, x + reach); u++, count++)
          sum += values[v * GRID + u]!;
      }
      out[y * GRID + x] = values[y * GRID + x]! - sum / count;
    }
  }
  return out;
}

/** Mean 0 and length 1; all zero for one colour. */
function standardised(values: Float32Array): Float32Array {
  let mean = 0;
  for (const value of values) mean += value / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  const scale = squares > 1e-9 ? 1 / Math.sqrt(squares) : 0;
  return values.map((value) => (value - mean) * scale);
}

/** Correlation of values with standardised ones. */
function correlation(values: Float32Array, standard: Float32Array): number {
  let [sum, squares, product] = [0, 0, 0];
  for (let i = 0; i < POINTS; i++) {
    const value = values[i]!;
    sum += value;
    squares += value * value;
    product += value * standard[i]!;
  }
  const variance = squares - (sum * sum) / POINTS;
  return variance > 1e-6 ? product / Math.sqrt(variance) : 0;
}
