// What an encoder tells apart within images, as colours: the first three principal components of the vectors of all their places, as red,
// green and blue. Places of one colour are alike to it.
import { scope, type Tensor } from "@unlabel/torch";

/** Share of the values of a component that may be cut off at either end. */
const CUT = 0.02;

/**
 * Colours of places, `[N · L · 3]` bytes, for all images together, so that a colour means the same in each of them.
 *
 * A component's sign is nobody's choice; it is turned so that it goes with the images' own red, green or blue, which keeps
 * colours comparable through a training.
 *
 * @param tokens `[N, L, D]`
 * @param guide the images' colours at the same places, `[N, L, C]` with any C from 1
 * @returns null where a vector is not finite, or all are the same
 */
export function tokenColours(tokens: Tensor, guide: Tensor): Uint8Array | null {
  return scope(() => {
    const rows = tokens.flatten(0, 1).to({ dtype: "float32", device: "cpu" });
    if (rows.isfinite().all().item() !== 1) return null;
    const centred = rows.sub(rows.mean([0]));
    const [count, dim] = centred.shape as [number, number];
    const kept = Math.min(3, count, dim);
    const components = dim <= count ? byDimensions(centred, kept) : byRows(centred, kept);
    const values = components.t().contiguous().toArray() as Float32Array;
    const colours = guide.flatten(0, 1).to({ dtype: "float32", device: "cpu" });
    const shades = colours
      .sub(colours.mean([0]))
      .t()
      .contiguous()
      .toArray() as Float32Array;
    const shadeCount = guide.shape[2]!;
    const out = new Uint8Array(count * 3);
    let isFlat = true;
    for (let c = 0; c < kept; c++) {
      const own = values.subarray(c * count, (c + 1) * count);
      const shade = shades.subarray((c % shadeCount) * count, ((c % shadeCount) + 1) * count);
      const sign = own.reduce((sum, value, i) => sum + value * shade[i]!, 0) < 0 ? -1 : 1;
      const sorted = own.map((value) => sign * value).sort();
      const low = sorted[Math.floor(CUT * (count - 1))]!;
      const high = sorted[Math.ceil((1 - CUT) * (count - 1))]!;
      if (!(high - low > 1e-12)) continue;
      isFlat = false;
      for (let i = 0; i < count; i++) {
        const value = Math.round((255 * (sign * own[i]! - low)) / (high - low));
        out[3 * i + c] = Math.min(255, Math.max(0, value));
      }
    }
    return isFlat ? null : out;
  });
}

/** The first components of `[M, D]`, `[M, kept]`, by the D × D products. */
function byDimensions(centred: Tensor, kept: number): Tensor {
  const dim = centred.shape[1]!;
  const [, vectors] = centred.t().mm(centred).linalgEigh();
  return centred.mm(vectors.narrow(1, dim - kept, kept).flip([1]));
}

/** The same by the M × M products, where there are fewer places than dimensions: X·Xᵀ = U·Λ·Uᵀ, components U·√Λ. */
function byRows(centred: Tensor, kept: number): Tensor {
  const count = centred.shape[0]!;
  const [values, vectors] = centred.mm(centred.t()).linalgEigh();
  const first = count - kept;
  return vectors
    .narrow(1, first, kept)
    .mul(values.narrow(0, first, kept).clamp(0).sqrt())
    .flip([1]);
}
