// The protocols that train the whole network with labels: fine-tuning, and supervised from scratch beside it.
import type { Method } from "../methods/index.ts";
import { VisionTransformer } from "../models/index.ts";
import { LAYER_DECAY, NETWORK, type NetworkGiven, trainNetwork } from "./network.ts";
import { majorityScore, scoreOf } from "./scores.ts";
import type { Sitting } from "./sitting.ts";
import type { Curve, Header, NetworkSettings, Scored } from "./types.ts";

type NetworkFile<P extends "fine-tune" | "supervised"> = Header<P> &
  Scored & { settings: NetworkSettings; curve: Curve };

/** Trains `method`'s encoder, which is then another one. */
export async function network<P extends "fine-tune" | "supervised">(
  sitting: Sitting,
  protocol: P,
  method: Method,
  step: number,
  given: NetworkGiven = {},
): Promise<NetworkFile<P>> {
  const began = performance.now();
  const { train, val, seed, view, machine, onSkip, data } = sitting;
  const { encoder } = method;
  const layered = protocol === "fine-tune" && encoder instanceof VisionTransformer;
  const settings: NetworkSettings = {
    ...NETWORK,
    layer_decay: layered ? LAYER_DECAY : 1,
    ...given,
    size: view.size,
  };
  settings.batch = Math.min(settings.batch, train.items.length);
  const what = protocol === "fine-tune" ? "fine-tuning the whole network" : "training the whole network from scratch";
  sitting.log(`${what}, ${settings.epochs} epochs`);
  const bar = sitting.bar(settings.epochs * Math.floor(train.items.length / settings.batch), "step");
  const found = await trainNetwork(encoder, train, val, data.classes.length, {
    ...machine,
    settings,
    mean: view.mean,
    std: view.std,
    seed,
    onSkip,
    onStep: (done, loss) => bar.update(done, `loss ${loss.toFixed(3)}`, protocol),
  });
  sitting.end();
  const test = sitting.test(found.labels);
  const images = { train: train.items.length, val: found.labels.length };
  return {
    ...sitting.header(protocol, step, images, (performance.now() - began) / 1000),
    ...scoreOf(found, test),
    confusion: found.confusion,
    majority: majorityScore(
      Int32Array.from(train.items, ({ label }) => label),
      test,
    ),
    settings,
    curve: found.curve,
  };
}
