// A perceptual hash of 64 bits: the signs of an image's lowest frequencies (pHash: Zauner, "Implementation and benchmarking of
// perceptual image hash functions", 2010). Compressed, resized and recoloured copies stay within a few bits.

/** Edge of the square picture that is hashed. */
export const HASH_SIDE = 32;
/** Frequencies along each axis. */
const LOW = 8;

// Row `u` holds the DCT-II's cosine of frequency u.
const BASIS = Array.from({ length: LOW + 1 }, (_, u) =>
  Float64Array.from({ length: HASH_SIDE }, (_, x) => Math.cos((Math.PI * u * (2 * x + 1)) / (2 * HASH_SIDE))),
);

/** Gray values (ITU-R BT.601) of `count` interleaved RGB pixels that begin at byte `at`. */
export function grayOf(rgb: Uint8Array, at: number, count: number): Float32Array {
  const gray = new Float32Array(count);
  for (let i = 0; i < count; i++, at += 3) gray[i] = 0.299 * rgb[at]! + 0.587 * rgb[at + 1]! + 0.114 * rgb[at + 2]!;
  return gray;
}

/**
 * RGB of `count` interleaved pixels of any number of channels, as people see them: the first three, or the first as gray; and the
 * byte that it begins at.
 */
export function pictureOf(samples: Uint8Array, at: number, count: number, channels: number): [Uint8Array, number] {
  if (channels === 3) return [samples, at];
  const rgb = new Uint8Array(3 * count);
  for (let i = 0; i < rgb.length; i++) {
    const channel = channels < 3 ? 0 : i % 3;
    rgb[i] = samples[at + Math.floor(i / 3) * channels + channel]!;
  }
  return [rgb, 0];
}

/**
 * The hash as two 32-bit words: bit k says whether coefficient k exceeds the coefficients' median. The mean is left out, and
 * the ninth horizontal frequency makes 64.
 *
 * @param gray `HASH_SIDE × HASH_SIDE`
 */
export function perceptualHash(gray: Float32Array): [number, number] {
  const rows = BASIS.map((wave) => {
    const out = new Float64Array(HASH_SIDE);
    for (let y = 0, at = 0; y < HASH_SIDE; y++) {
      let sum = 0;
      for (let x = 0; x < HASH_SIDE; x++) sum += gray[at++]! * wave[x]!;
      out[y] = sum;
    }
    return out;
  });
  const coefficient = (u: number, v: number) => {
    const wave = BASIS[v]!;
    let sum = 0;
    for (let y = 0; y < HASH_SIDE; y++) sum += rows[u]![y]! * wave[y]!;
    return sum;
  };
  const values = new Float64Array(64);
  for (let k = 1; k < 64; k++) values[k] = coefficient(k % LOW, Math.floor(k / LOW));
  values[0] = coefficient(LOW, 0);
  const sorted = values.toSorted();
  const median = (sorted[31]! + sorted[32]!) / 2;
  let [low, high] = [0, 0];
  for (let k = 0; k < 32; k++) {
    if (values[k]! > median) low |= 1 << k;
    if (values[k + 32]! > median) high |= 1 << k;
  }
  return [low >>> 0, high >>> 0];
}

/** Bits that are set. */
export function popcount(x: number): number {
  x -= (x >>> 1) & 0x55555555;
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
