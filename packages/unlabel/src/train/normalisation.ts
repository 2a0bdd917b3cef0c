// What channels a run has, which its images say, and the mean and deviation that they are normalised by, measured where that is
// asked for: once, on some of the training images as evaluation sees them, and kept as numbers in run.json.
import { scope } from "@unlabel/torch";
import { UserError } from "../base/errors.ts";
import { isSettled, withChannels } from "../config/channels.ts";
import type { Config, SettledChannels, SettledConfig } from "../config/common.ts";
import type { Settings } from "../config/settings.ts";
import { evalBatches } from "../data/eval-batches.ts";
import type { Split } from "../data/folder.ts";
import { PHOTOGRAPHS } from "../data/input.ts";
import { ImageReader } from "../data/reader.ts";
import { spreadSample } from "../data/sample.ts";

/** Images that are measured at most, and the edge in pixels that they are shrunk to. */
const SAMPLE = 512;
const EDGE = 64;
/** A channel of one value everywhere is left as it is, not blown up. */
const LEAST_STD = 0.001;

/**
 * The config with the channels that the images of `train` have for the network, and with what they are normalised by.
 *
 * @param given the settings that the user has chosen
 * @throws {UsageError} where mean or std was given for another number of channels
 * @throws {UserError} where they are to be measured and no image can be read
 */
export async function withChannelsOf(train: Split, config: Config, given: Settings): Promise<SettledConfig> {
  const { channels } = train.input ?? PHOTOGRAPHS;
  if (isSettled(config) && [config.channels, config.mean.length, config.std.length].every((n) => n === channels)) {
    return config;
  }
  const auto = config.mean === "auto" || config.std === "auto";
  return withChannels(config, channels, given, auto ? await measure(train, channels, config.seed) : null);
}

/** Mean and deviation of each channel over the pixels of up to 512 images from all over the split. */
async function measure(train: Split, channels: number, seed: number): Promise<Pick<SettledChannels, "mean" | "std">> {
  const all = (value: number) => Array<number>(channels).fill(value);
  const [sum, squares] = [all(0), all(0)];
  let pixels = 0;
  const plain = { mean: all(0), std: all(1), fraction: 1, reader: new ImageReader({ cacheBytes: 0 }) };
  for await (const { images } of evalBatches(spreadSample(train, SAMPLE, seed), EDGE, plain)) {
    const found = scope(() => {
      const values = images.to({ dtype: "float64" });
      return [values.sum([0, 2, 3]).toNumbers(), values.mul(values).sum([0, 2, 3]).toNumbers()] as const;
    });
    for (let c = 0; c < channels; c++) {
      sum[c]! += found[0][c]!;
      squares[c]! += found[1][c]!;
    }
    pixels += images.shape[0]! * EDGE * EDGE;
    images.dispose();
  }
  if (pixels === 0)
    throw new UserError(`Expected images in ${train.root} to measure mean and std on, got none that can be read`);
  const mean = sum.map((one) => one / pixels);
  const std = squares.map((one, c) => Math.max(LEAST_STD, Math.sqrt(Math.max(0, one / pixels - mean[c]! ** 2))));
  const rounded = (numbers: number[]) => numbers.map((one) => Number(one.toPrecision(6)));
  return { mean: rounded(mean).map((one) => Math.min(1, Math.max(0, one))), std: rounded(std) };
}
