// Numbers on their way to a device: each small copy would be a call of its own, so they go there together.
import { type ArrayOnItsWay, fromTypedArrays, type Tensor, type TypedArray } from "@unlabel/torch";

/** Arrays that go to a device in one copy, for which the host does not wait. */
export class Parcel {
  readonly #arrays: ArrayOnItsWay[] = [];
  #sent: Tensor[] | null = null;

  /**
   * Puts an array in.
   *
   * @param shape its product must be the array's length; default one dimension
   * @returns gives it as a tensor of the device, once the parcel is sent
   */
  put(data: TypedArray, shape?: readonly number[]): () => Tensor {
    const at = this.#arrays.push({ data, ...(shape && { shape }) }) - 1;
    return () => {
      if (!this.#sent) throw new Error("Expected a parcel that is sent, got one that is still being filled");
      return this.#sent[at]!;
    };
  }

  /** Sends what was put in. */
  send(device: string): void {
    this.#sent = fromTypedArrays(this.#arrays, device);
  }
}
