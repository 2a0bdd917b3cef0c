// Names and shapes of what an encoder holds, by closed formulas: nothing is built, and LibTorch not needed. Tests hold them to the modules.
import {
  type ConvNeXtDescription,
  describeEncoder,
  type EncoderDescription,
  type ResNetDescription,
  type VitDescription,
} from "./description.ts";
import type { EncoderConfig } from "./facts.ts";
import { prefixRows } from "./variants.ts";
import type { VitOptions } from "./vit.ts";

type Shapes = Record<string, readonly number[]>;

/** Names and shapes of an encoder's parameters and buffers, as its `stateDict` has them and in that order. Builds nothing. */
export function encoderShapes(description: EncoderDescription): Record<string, readonly number[]> {
  if (description.family === "vit") return vitShapes(description);
  return description.family === "resnet" ? resnetShapes(description) : convnextShapes(description);
}

/** How many numbers of a config's encoder are trained. @throws {UserError} as {@link describeEncoder} */
export function encoderParameters(
  config: EncoderConfig,
  options: { positions?: VitOptions["positions"] } = {},
): number {
  const fixed = /(running_mean|running_var|num_batches_tracked)$/;
  const count = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);
  return Object.entries(encoderShapes(describeEncoder(config, options))).reduce(
    (sum, [name, shape]) =>
      fixed.test(name) || (options.positions === "sincos" && name === "pos_embed") ? sum : sum + count(shape),
    0,
  );
}

function affine(name: string, shape: readonly number[], bias = true): Shapes {
  return { [`${name}.weight`]: shape, ...(bias && { [`${name}.bias`]: [shape[0]!] }) };
}

function resnetShapes({ bottleneck, counts, baseWidth = 64, stem = "7x7", channels = 3 }: ResNetDescription): Shapes {
  const pair = (conv: string, norm: string, [out, into, kernel]: readonly [number, number, number]): Shapes => ({
    ...affine(conv, [out, into, kernel, kernel], false),
    ...affine(norm, [out]),
    [`${norm}.running_mean`]: [out],
    [`${norm}.running_var`]: [out],
    [`${norm}.num_batches_tracked`]: [],
  });
  const shapes = pair("conv1", "bn1", [64, channels, stem === "7x7" ? 7 : 3]);
  let into = 64;
  for (const [stage, count] of counts.entries()) {
    const [planes, inner] = [64 * 2 ** stage, baseWidth * 2 ** stage];
    const out = bottleneck ? 4 * planes : planes;
    for (let i = 0; i < count; i++) {
      const name = `layer${stage + 1}.${i}`;
      const branch = bottleneck
        ? ([
            [inner, into, 1],
            [inner, inner, 3],
            [out, inner, 1],
          ] as const)
        : ([
            [planes, into, 3],
            [planes, planes, 3],
          ] as const);
      for (const [at, sizes] of branch.entries())
        Object.assign(shapes, pair(`${name}.conv${at + 1}`, `${name}.bn${at + 1}`, sizes));
      if (into !== out || (i === 0 && stage > 0)) {
        Object.assign(shapes, pair(`${name}.downsample.0`, `${name}.downsample.1`, [out, into, 1]));
      }
      into = out;
    }
  }
  return shapes;
}

function vitShapes(description: VitDescription): Shapes {
  const { width, depth, size, patch, channels = 3, registers = 0, classToken = true, pooledNorm } = description;
  const { layerScale = null, mlpRatio = 4, qkvBias = true, prefixPositions } = description;
  const hidden = Math.round(mlpRatio * width);
  const prefix = { class_token: classToken, registers, prefix_positions: prefixPositions };
  const scale = (name: string): Shapes => (layerScale === null ? {} : { [`${name}.gamma`]: [width] });
  const shapes: Shapes = {
    ...(classToken && { cls_token: [1, 1, width] }),
    ...(registers > 0 && { reg_token: [1, registers, width] }),
    pos_embed: [1, prefixRows(prefix) + (size / patch) ** 2, width],
    ...affine("patch_embed.proj", [width, channels, patch, patch]),
  };
  for (let i = 0; i < depth; i++) {
    Object.assign(shapes, {
      ...affine(`blocks.${i}.norm1`, [width]),
      ...affine(`blocks.${i}.attn.qkv`, [3 * width, width], qkvBias),
      ...affine(`blocks.${i}.attn.proj`, [width, width]),
      ...scale(`blocks.${i}.ls1`),
      ...affine(`blocks.${i}.norm2`, [width]),
      ...affine(`blocks.${i}.mlp.fc1`, [hidden, width]),
      ...affine(`blocks.${i}.mlp.fc2`, [width, hidden]),
      ...scale(`blocks.${i}.ls2`),
    });
  }
  return { ...shapes, ...affine(pooledNorm ? "fc_norm" : "norm", [width]) };
}

function convnextShapes({ counts, widths, channels = 3, layerScale = 1e-6 }: ConvNeXtDescription): Shapes {
  const shapes: Shapes = { ...affine("stem.0", [widths[0]!, channels, 4, 4]), ...affine("stem.1", [widths[0]!]) };
  for (const [stage, width] of widths.entries()) {
    const into = widths[stage - 1];
    if (into !== undefined) {
      Object.assign(shapes, affine(`stages.${stage}.downsample.0`, [into]));
      Object.assign(shapes, affine(`stages.${stage}.downsample.1`, [width, into, 2, 2]));
    }
    for (let i = 0; i < counts[stage]!; i++) {
      const name = `stages.${stage}.blocks.${i}`;
      Object.assign(shapes, {
        ...affine(`${name}.conv_dw`, [width, 1, 7, 7]),
        ...affine(`${name}.norm`, [width]),
        ...affine(`${name}.mlp.fc1`, [4 * width, width]),
        ...affine(`${name}.mlp.fc2`, [width, 4 * width]),
        ...(layerScale !== null && { [`${name}.gamma`]: [width] }),
      });
    }
  }
  return { ...shapes, ...affine("head.norm", [widths.at(-1)!]) };
}
