// Small JPEGs by the million, each another picture: gray mosaics of 8 × 8 pixels a stone, written without an encoder, since a block of one
// colour is a single coefficient. Baseline JPEG, ITU-T T.81.

/** Stones a side. */
const STONES = 8;
const SIDE = 8 * STONES;

/** With steps of 8, the one coefficient of a flat block is its brightness less 128. */
const STEP = 8;
const HEAD = Buffer.from([
  ...[0xff, 0xd8],
  ...[0xff, 0xdb, 0, 67, 0, ...Array.from({ length: 64 }, () => STEP)],
  ...[0xff, 0xc0, 0, 11, 8, 0, SIDE, 0, SIDE, 1, 1, 0x11, 0],
  // Differences by their number of bits, 0 to 8: codes of four bits, which are these numbers.
  ...[0xff, 0xc4, 0, 28, 0x00, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8],
  // Of other coefficients there is none: one code, a zero.
  ...[0xff, 0xc4, 0, 20, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  ...[0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0],
]);

/** The mosaic of a number, some 250 bytes; the same number gives the same bytes. */
export function mosaicJpeg(number: number): Buffer {
  const bytes: number[] = [];
  let [bits, held] = [0, 0];
  const put = (value: number, length: number) => {
    bits = (bits << length) | value;
    held += length;
    while (held >= 8) {
      const byte = (bits >>> (held - 8)) & 0xff;
      bytes.push(byte);
      // So that no reader takes it for a marker.
      if (byte === 0xff) bytes.push(0);
      held -= 8;
    }
    bits &= (1 << held) - 1;
  };
  let before = 0;
  let state = (Math.imul(number + 1, 0x9e3779b1) ^ 0x85ebca6b) >>> 0;
  for (let stone = 0; stone < STONES * STONES; stone++) {
    // Xorshift (Marsaglia 2003), never zero.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const brightness = ((state >>> 12) & 0xff) - 128;
    const difference = brightness - before;
    before = brightness;
    const length = 32 - Math.clz32(Math.abs(difference));
    put(length, 4);
    if (length > 0) put(difference > 0 ? difference : difference + (1 << length) - 1, length);
    put(0, 1);
  }
  if (held > 0) put((1 << (8 - held)) - 1, 8 - held);
  return Buffer.concat([HEAD, Buffer.from(bytes), Buffer.from([0xff, 0xd9])]);
}
