// What the bridge lends of a tensor to another native module.

declare const lent: unique symbol;

/** A tensor's memory, as a native module takes it; JavaScript cannot look into it. */
export interface TensorMemory {
  /** Tells the type from any other; nothing is there. */
  readonly [lent]: true;
}
