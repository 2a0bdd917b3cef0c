/** A whole number from `from` to `to`, both included. */
export type Random = (from: number, to: number) => number;
/** mulberry32. */
export declare function randomFrom(seed: number): Random;
