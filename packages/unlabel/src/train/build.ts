// What a training consists of: method, optimizer and loader, seeded and empty-handed; nothing of an earlier process is in them yet.
import { manualSeed, type optim } from "@unlabel/torch";
import { Loader } from "../data/loader.ts";
import type { Encoder } from "../encoders/index.ts";
import type { Method } from "../methods/method.ts";
import { createMethod } from "../methods/registry.ts";
import type { SavedGrowth } from "../run/info.ts";
import { averageOf, type WeightsAverage } from "./average.ts";
import { stepsOf } from "./budget.ts";
import { Growth } from "./growth.ts";
import { makeOptimizer } from "./optimizer.ts";
import { localBatch } from "./ranks.ts";
import type { Settled } from "./settle.ts";
import { shareBatch } from "./shared-loss.ts";
import type { SkippedImages } from "./skipped-images.ts";

export interface Built extends Disposable {
  method: Method;
  optimizer: optim.Optimizer;
  /** Of the encoder's weights; null where none is asked for. */
  average: WeightsAverage | null;
  loader: Loader;
  stepsPerEpoch: number;
  /** Steps in all. */
  total: number;
  /** The sizes of the views; of a run that goes on as it was planned before. */
  growth: Growth;
}

/**
 * Builds from a settled config; the same config and seed give the same weights and batches to the bit.
 *
 * @param before of the run that goes on: how its views grow
 * @param begin gives the encoder the weights that it begins with, where these are not random
 */
export function build(
  { config, machine, group, reader, images, smallestCost, teacher }: Settled,
  skipped: SkippedImages,
  before?: SavedGrowth,
  begin?: (encoder: Encoder) => void,
): Built {
  const { device } = machine;
  manualSeed(config.seed);
  const method = createMethod(config, begin, teacher).to({ device, memoryFormat: "channels_last" }).train();
  shareBatch(method, config, group);
  const optimizer = makeOptimizer(config, method);
  const average = averageOf(config, method);
  const { batch, seed } = config;
  const onSkip = (one: { path: string; reason: string }) => skipped.note(one);
  const viewsAt = (step: number) => growth.viewsAt(step);
  const part = { batch: localBatch(group.ranks, batch), rank: group.rank, world: group.worldSize };
  const loader = new Loader(images, method.views, { ...part, seed, device, reader, onSkip, viewsAt });
  const { stepsPerEpoch } = loader;
  const total = stepsOf(config, stepsPerEpoch);
  const growth = before ? Growth.of(config, total, before) : new Growth(config, total, smallestCost);
  const dispose = () => {
    average?.[Symbol.dispose]();
    optimizer.dispose();
    method.dispose();
  };
  return {
    method,
    optimizer,
    average,
    loader,
    stepsPerEpoch,
    total,
    growth,
    [Symbol.dispose]: dispose,
  };
}
