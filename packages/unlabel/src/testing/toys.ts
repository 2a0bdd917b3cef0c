// A small encoder and images for tests of methods that are trained for many steps: whether they collapse is seen in a second.
import { linalgSvdvals, nn, noGrad, optim, randn, scope, type Tensor } from "@unlabel/torch";
import { Encoder } from "../encoders/encoder.ts";
import type { Method } from "../methods/method.ts";
import { stepOn } from "./progress.ts";

/** `[B, 3, 8, 8]` → `[B, 32]` through one hidden layer. */
export class ToyEncoder extends Encoder {
  override readonly dim = 32;
  layers = new nn.Sequential(
    new nn.Flatten(),
    new nn.Linear(192, 64),
    new nn.BatchNorm1d(64),
    new nn.ReLU(),
    new nn.Linear(64, 32),
  );

  override forward(images: Tensor): Tensor {
    return this.layers.call(images);
  }
}

/** What a loss is made from: two views `[B, 3, 8, 8]`. */
export type ToyLoss = (views: readonly Tensor[], step: number) => Tensor;

/** Trains on pairs of noisy views of the same images with Adam; no tensor is left behind. */
export function trainOnToys(method: Method, lossOf: ToyLoss, { steps = 150, images = 32, lr = 1e-3 } = {}): number[] {
  method.train();
  const optimizer = new optim.Adam(method.parameters(), { lr });
  const base = randn([images, 3, 8, 8]);
  const losses = Array.from({ length: steps }, (_, i) =>
    scope(() => {
      const views = [0, 1].map(() => base.add(randn([images, 3, 8, 8]), { alpha: 0.3 }));
      const loss = lossOf(views, i + 1);
      loss.backward();
      optimizer.step();
      method.afterStep({ step: i + 1, total: steps, epoch: 1 });
      method.zeroGrad();
      return loss.item();
    }),
  );
  optimizer.dispose();
  base.dispose();
  return losses;
}

/** In how many directions rows vary: the exponential of the entropy of their singular values' shares, as in RankMe. */
export function directions(rows: Tensor): number {
  return scope(() =>
    noGrad(() => {
      const exact = rows.detach().to({ dtype: "float64" });
      const values = linalgSvdvals(exact.sub(exact.mean([0])));
      const shares = values.div(values.sum().add(1e-12)).add(1e-12);
      return Math.exp(-shares.mul(shares.log()).sum().item());
    }),
  );
}

/** The loss of a method on toys, as it is. */
export function ownLoss(method: Method): ToyLoss {
  return (views, step) => method.loss(views, stepOn(views[0]!.shape[0]!, { step })).loss;
}
