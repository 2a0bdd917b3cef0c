// Encoders of the same kinds as the real ones and a hundredth of their size, for tests of what holds whatever the encoder.
import { nn, scope, type Tensor } from "@unlabel/torch";
import { describeEncoder } from "../encoders/description.ts";
import { Encoder, type TokenOptions, type Tokens } from "../encoders/encoder.ts";
import type { EncoderConfig } from "../encoders/facts.ts";
import { refuseChoice, tokensOfMap } from "../encoders/folded.ts";
import type * as registry from "../encoders/registry.ts";
import { VisionTransformer } from "../encoders/vit.ts";

/** `[B, channels, H, W]` → `[B, 32]`: two strided convolutions, each with BatchNorm, as a ResNet has them, and the mean over places. */
export class SmallConvNet extends Encoder {
  override readonly dim = 32;
  conv1: nn.Conv2d;
  bn1 = new nn.BatchNorm2d(16);
  conv2 = new nn.Conv2d(16, 32, 3, { stride: 2, padding: 1, bias: false });
  bn2 = new nn.BatchNorm2d(32);

  constructor(channels: number) {
    super();
    this.conv1 = new nn.Conv2d(channels, 16, 3, { stride: 2, padding: 1, bias: false });
  }

  override forward(images: Tensor): Tensor {
    return this.#map(images).mean([2, 3]);
  }

  override tokens(images: Tensor, options: TokenOptions = {}): Tokens {
    refuseChoice(options, "a small network");
    return scope(() => tokensOfMap(this.#map(images)));
  }

  #map(images: Tensor): Tensor {
    return this.bn2.relu(this.conv2.call(this.bn1.relu(this.conv1.call(images))));
  }
}

/** What `createEncoder` would make of a config, small: a ViT of two blocks with all of its options, or {@link SmallConvNet}. */
export function smallEncoder(config: EncoderConfig, options?: registry.EncoderOptions): Encoder {
  const description = describeEncoder(config, options);
  if (description.family !== "vit") return new SmallConvNet(description.channels ?? 3);
  return new VisionTransformer({ ...description, width: 48, depth: 2, heads: 3 });
}

/**
 * For `vi.mock` of encoders/registry.ts, in tests of trainings and evaluations of which nothing depends on the encoder: `createEncoder` makes small ones.
 *
 * @param original what `vi.mock` hands over
 * @param when `small` is false, real ones, for the tests that set it
 */
export async function withSmallEncoders(
  original: () => Promise<unknown>,
  when: { readonly small: boolean } = { small: true },
): Promise<typeof registry> {
  const real = (await original()) as typeof registry;
  const createEncoder: typeof real.createEncoder = (config, options) =>
    when.small ? smallEncoder(config, options) : real.createEncoder(config, options);
  return { ...real, createEncoder };
}
