// Encoder: what pretraining is for. A network from images to one feature vector each.
import { nn, type Tensor } from "@unlabel/torch";

/** A network from normalised images `[B, 3, S, S]` to features `[B, dim]`. Subclasses write `forward`. */
export abstract class Encoder extends nn.Module {
  /** Length of a feature vector. */
  abstract readonly dim: number;

  /** The features that heads and probes build on: `[B, 3, S, S]` → `[B, dim]`. */
  features(images: Tensor): Tensor {
    return this.call(images);
  }
}
