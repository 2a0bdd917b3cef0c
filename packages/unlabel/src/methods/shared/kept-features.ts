// Features of a teacher, kept by what it was shown: views that are the same in every epoch are encoded once. They are known by their
// bytes, so that nothing need be told of images, epochs or order.
import { createHash } from "node:crypto";
import { cat, fromTypedArray, type Tensor } from "@unlabel/torch";

/** What they take in memory at most, bytes; beyond that they are computed anew. */
const MOST_BYTES = 2 ** 30;

/** See the head of this file. */
export class KeptFeatures {
  readonly #rows = new Map<string, Float32Array>();
  readonly #most: number;
  #bytes = 0;

  /** @param most bytes that they may take; default 1 GiB */
  constructor(most = MOST_BYTES) {
    this.#most = most;
  }

  /** Rows that are kept. */
  get size(): number {
    return this.#rows.size;
  }

  /**
   * Features `[B, D]` of views `[B, C, S, S]`, in float32.
   *
   * @param encode makes features `[1, D]` of one view. They come one by one, so that they are the same to the bit whatever else is in a
   *   batch: a run that was interrupted goes on as it would have
   */
  of(views: Tensor, encode: (view: Tensor) => Tensor): Tensor {
    const { device } = views;
    const values = views.detach().to({ device: "cpu", dtype: "float32" }).contiguous().toArray() as Float32Array;
    const count = views.shape[0]!;
    const length = values.length / count;
    const rows = Array.from({ length: count }, (_, i) => {
      const key = createHash("sha256")
        .update(values.subarray(i * length, (i + 1) * length))
        .digest("base64");
      const known = this.#rows.get(key);
      if (known) return known;
      const row = rowOf(encode(views.narrow(0, i, 1)));
      this.#keep(key, row);
      return row;
    });
    const all = cat(
      rows.map((row) => fromTypedArray(row, [1, row.length])),
      0,
    );
    return all.to({ device });
  }

  #keep(key: string, row: Float32Array): void {
    // A key and what surrounds it takes some hundred bytes.
    const bytes = row.byteLength + 128;
    if (this.#bytes + bytes > this.#most) return;
    this.#bytes += bytes;
    this.#rows.set(key, row);
  }
}

function rowOf(features: Tensor): Float32Array {
  return Float32Array.from(features.detach().to({ device: "cpu", dtype: "float32" }).contiguous().toNumbers());
}
