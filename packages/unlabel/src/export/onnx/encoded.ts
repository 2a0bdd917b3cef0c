// What the encoder's part of a graph gives: each is emitted when it is asked for, so that a file computes what it puts out alone.
import type { Value } from "./graph.ts";

/** float32 values. */
export interface Encoded {
  /** `[N, dim]`, as `Encoder.features`. */
  features(): Value;
  /** `[N, L, width]`, as `Encoder.tokens`. */
  tokens(): Value;
  /** `last_hidden_state` as transformers' model of this kind gives it: `[N, K + L, width]`, or a map `[N, width, h, w]`. */
  hidden(): Value;
  /** `pooler_output` likewise: the class token or the norm of a map's mean, `[N, width]`, or a ResNet's mean, `[N, width, 1, 1]`. */
  pooled(): Value;
}
