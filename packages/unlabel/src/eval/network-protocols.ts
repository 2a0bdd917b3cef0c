// The protocols that train the whole network with labels: fine-tuning, and supervised from scratch beside it.

import { VisionTransformer } from "../encoders/index.ts";
import type { Curve, Header, NetworkSettings, Scored } from "../run/evaluations.ts";
import type { HasEncoder } from "./evaluated.ts";
import { LAYER_DECAY, NETWORK, type NetworkGiven, trainNetwork } from "./network.ts";
import { majorityScore, predictionsOf, scoreOf } from "./scores.ts";
import type { EvaluationSession } from "./session.ts";

type NetworkFile<P extends "fine-tune" | "supervised"> = Header<P> &
  Scored & { settings: NetworkSettings; curve: Curve };

/** Trains `method`'s encoder, which is then another one. */
export async function network<P extends "fine-tune" | "supervised">(
  session: EvaluationSession,
  protocol: P,
  method: HasEncoder,
  step: number,
  given: NetworkGiven = {},
): Promise<NetworkFile<P>> {
  const began = performance.now();
  const { train, val, seed, view, machine, onSkip, data } = session;
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
  session.log(`${what}, ${settings.epochs} epochs`);
  const bar = session.bar(settings.epochs * Math.floor(train.items.length / settings.batch), "step");
  const found = await trainNetwork(encoder, train, val, data.classes.length, {
    ...machine,
    settings,
    mean: view.mean,
    std: view.std,
    seed,
    onSkip,
    onStep: (done, loss) => bar.update(done, `loss ${loss.toFixed(3)}`, protocol),
  });
  session.end();
  const test = session.test(found.labels, found.kept);
  const images = { train: train.items.length, val: found.labels.length };
  return {
    ...session.header(protocol, step, images, (performance.now() - began) / 1000),
    ...scoreOf(found, test),
    confusion: found.confusion,
    majority: majorityScore(
      Int32Array.from(train.items, ({ label }) => label),
      test,
    ),
    predictions: predictionsOf(test, { trained: found.predicted }),
    settings,
    curve: found.curve,
  };
}
