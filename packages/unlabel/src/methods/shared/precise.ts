// Losses are computed in float32 whatever the precision of the network before them.
import { autocast, type Tensor } from "@unlabel/torch";

/** Calls with tensors in float32, or float64 where they are that already, and with autocast off. */
export function inFloat32<T>(tensors: readonly Tensor[], body: (...precise: Tensor[]) => T): T {
  return autocast({ device: tensors[0]!.device, enabled: false }, () =>
    body(...tensors.map((x) => (x.dtype === "float64" ? x : x.to({ dtype: "float32" })))),
  );
}
