// TIFF's predictors: samples stored as differences from the pixel before (2; TIFF 6.0, section 14), floats with their bytes in
// planes (3; Adobe's TIFF Technical Note 3).
import { HOST_IS_LITTLE, type Sample, type Samples, toNumbers } from "./samples.ts";

/**
 * Unpacked bytes to samples.
 *
 * @param perRow samples in a row
 * @param step samples from a pixel to the next
 * @throws {Error} where there is no such predictor for that type
 */
export function unpredict(
  bytes: Uint8Array,
  predictor: number,
  sample: Sample,
  perRow: number,
  step: number,
  little: boolean,
): Samples {
  if (predictor === 1) return toNumbers(bytes, sample, little);
  if (predictor === 2 && sample.bits <= 32) {
    // Differences are taken of the bits as whole numbers, whatever they stand for.
    const whole = toNumbers(bytes, { kind: "uint", bits: sample.bits }, little);
    // The bytes of a file must stay as they are, where they came from memory.
    const sums = whole.buffer === bytes.buffer ? whole.slice() : whole;
    for (let row = 0; row + perRow <= sums.length; row += perRow)
      for (let at = row + step; at < row + perRow; at++) sums[at]! += sums[at - step]!;
    const own = new Uint8Array(sums.buffer, sums.byteOffset, sums.byteLength);
    return sample.kind === "uint" ? sums : toNumbers(own, sample, HOST_IS_LITTLE);
  }
  if (predictor === 3 && sample.kind === "float") {
    const each = sample.bits / 8;
    const rowBytes = perRow * each;
    const out = new Uint8Array(bytes.length);
    const sums = new Uint8Array(rowBytes);
    for (let row = 0; row + rowBytes <= bytes.length; row += rowBytes) {
      for (let at = 0; at < rowBytes; at++) sums[at] = bytes[row + at]! + (at >= step ? sums[at - step]! : 0);
      // The highest bytes of all samples of the row come first.
      for (let k = 0; k < each; k++) for (let i = 0; i < perRow; i++) out[row + i * each + k] = sums[k * perRow + i]!;
    }
    return toNumbers(out, sample, false);
  }
  throw new Error(
    "its samples are packed with a predictor that is not read; write it anew: gdal_translate -co PREDICTOR=1 IN.tif OUT.tif",
  );
}
