// Whether there is anything to see: of small pictures with any number of channels, as the network's range maps them to 8 bits.

/** Standard deviation of a channel, in levels of 255, below which there is nothing to see. */
export const BLANK = 2;
/** Levels of 255 by which a pixel differs that is of another colour than most. */
const OTHER = 8;
/** Pixels of another colour that a picture has at most that is nearly of one. */
export const NEARLY = 0.05;

/** The largest standard deviation of a channel, in levels of 255: near 0 for an image of one colour. */
export function colourSpread(samples: Uint8Array, at: number, pixels: number, channels: number): number {
  let most = 0;
  const end = at + channels * pixels;
  for (let c = 0; c < channels; c++) {
    let [sum, squares] = [0, 0];
    for (let i = at + c; i < end; i += channels) {
      sum += samples[i]!;
      squares += samples[i]! ** 2;
    }
    most = Math.max(most, squares / pixels - (sum / pixels) ** 2);
  }
  return Math.sqrt(most);
}

/** The share of pixels that differ in some channel from that channel's median, visibly. */
export function shareOfOthers(samples: Uint8Array, at: number, pixels: number, channels: number): number {
  const medians = Array.from({ length: channels }, (_, c) => {
    const values = Uint8Array.from({ length: pixels }, (_, i) => samples[at + c + i * channels]!).sort();
    return values[pixels >> 1]!;
  });
  let others = 0;
  for (let i = 0; i < pixels; i++) {
    const first = at + i * channels;
    if (medians.some((median, c) => Math.abs(samples[first + c]! - median) > OTHER)) others++;
  }
  return others / pixels;
}
