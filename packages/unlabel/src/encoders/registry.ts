// What makes an encoder of each family; the architectures themselves stand in facts.ts.
import { UserError } from "../base/errors.ts";
import type { Encoder } from "./encoder.ts";
import {
  aboutEncoder,
  channelsOf,
  type EncoderAbout,
  type EncoderConfig,
  type ResNetAbout,
  stemOf,
  type VitAbout,
} from "./facts.ts";
import { ResNet } from "./resnet.ts";
import { VisionTransformer, type VitOptions } from "./vit.ts";

/** Options of {@link createEncoder}. */
export interface EncoderOptions {
  /** A ViT's positions: `learned` (default, as in timm), or `sincos`: fixed, as in MAE. */
  positions?: VitOptions["positions"];
}

type Create<About> = (about: About, config: EncoderConfig, options: EncoderOptions) => Encoder;

const families: { [Family in EncoderAbout["family"]]: Create<Extract<EncoderAbout, { family: Family }>> } = {
  resnet,
  vit,
};

/**
 * The encoder that a config asks for, freshly initialised from LibTorch's generator.
 *
 * @throws {UserError} for a name that is none, a ViT's patch that does not divide the image, or positions for a ResNet
 */
export function createEncoder(config: EncoderConfig, options: EncoderOptions = {}): Encoder {
  const about = aboutEncoder(config.encoder);
  return (families[about.family] as Create<EncoderAbout>)(about, config, options);
}

function resnet({ bottleneck, counts }: ResNetAbout, config: EncoderConfig, { positions }: EncoderOptions): Encoder {
  if (positions)
    throw new UserError(`Expected a ViT for encoder, whose positions are ${positions}, got ${config.encoder}`);
  const { drop_path: dropPath } = config;
  return new ResNet({ bottleneck, counts }, { stem: stemOf(config), channels: channelsOf(config), dropPath });
}

function vit({ width, depth, heads }: VitAbout, config: EncoderConfig, { positions }: EncoderOptions): Encoder {
  const { size, patch, drop_path: dropPath } = config;
  const channels = channelsOf(config);
  return new VisionTransformer({ width, depth, heads, size, patch, channels, dropPath, positions });
}
