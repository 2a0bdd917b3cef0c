// Features of a teacher, kept by the image that it was shown: views that are the same in every epoch are encoded once.
import { cat, fromTypedArray, type Tensor } from "@unlabel/torch";
import type { Reading } from "../method.ts";

/** What they take in memory at most, bytes; beyond that they are computed anew. */
const MOST_BYTES = 2 ** 30;

/** See the head of this file. */
export class KeptFeatures {
  readonly #rows = new Map<number, Float32Array>();
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
   * Features `[B, D]` of views `[B, C, S, S]`, in float32. What is new is kept when the step's readings are taken: to read it at once would be
   * to wait for the device.
   *
   * @param images which these are, by number: of each the view is always the same; undefined where nobody knows, and nothing is kept
   * @param encode makes features `[1, D]` of one view. They come one by one, so that they are the same to the bit whatever else is in a
   *   batch: a run that was interrupted goes on as it would have
   */
  of(
    views: Tensor,
    images: Int32Array | undefined,
    encode: (view: Tensor) => Tensor,
  ): { features: Tensor; readings: Reading[] } {
    const count = views.shape[0]!;
    if (images && images.length !== count) {
      throw new Error(`Expected the numbers of ${count} images beside as many views, got ${images.length}`);
    }
    const known = Array.from({ length: count }, (_, i) => images && this.#rows.get(images[i]!));
    const sent = placed(
      known.flatMap((row) => row ?? []),
      views.device,
    );
    let at = 0;
    const fresh: { image: number | undefined; row: Tensor }[] = [];
    const rows = known.map((found, i) => {
      if (found) return sent!.narrow(0, at++, 1);
      const row = encode(views.narrow(0, i, 1))
        .detach()
        .to({ dtype: "float32" });
      fresh.push({ image: images?.[i], row });
      return row;
    });
    const features = sent && fresh.length === 0 ? sent : cat(rows, 0);
    return { features, readings: this.#readings(fresh) };
  }

  /** Asks for new rows, as many as there is room for. */
  #readings(fresh: readonly { image: number | undefined; row: Tensor }[]): Reading[] {
    const length = fresh[0]?.row.numel ?? 0;
    const room = Math.floor((this.#most - this.#bytes) / bytesOf(length));
    const kept = fresh.filter(({ image }) => image !== undefined).slice(0, Math.max(0, room));
    if (kept.length === 0) return [];
    const take = (values: Float32Array) => {
      for (const [i, { image }] of kept.entries()) {
        this.#keep(image!, values.slice(i * length, (i + 1) * length));
      }
    };
    return [
      {
        values: cat(
          kept.map(({ row }) => row),
          0,
        ),
        take,
      },
    ];
  }

  #keep(image: number, row: Float32Array): void {
    const bytes = bytesOf(row.length);
    if (this.#rows.has(image) || this.#bytes + bytes > this.#most) return;
    this.#bytes += bytes;
    this.#rows.set(image, row);
  }
}

/** A key and what surrounds a row takes some hundred bytes. */
function bytesOf(length: number): number {
  return 4 * length + 128;
}

/** Rows on the device, in one copy; null where there are none. */
function placed(rows: readonly Float32Array[], device: string): Tensor | null {
  const length = rows[0]?.length ?? 0;
  if (length === 0) return null;
  const values = new Float32Array(rows.length * length);
  for (const [i, row] of rows.entries()) values.set(row, i * length);
  return fromTypedArray(values, [rows.length, length], { device });
}
