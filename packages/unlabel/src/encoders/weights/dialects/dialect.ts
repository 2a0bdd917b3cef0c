// How one program names the tensors of one family of architectures.
import type { Renaming } from "./pattern.ts";

/** Families that weights are read of. */
export type Family = "resnet" | "vit" | "convnext";

/** A program's names. */
export interface Dialect {
  /** Whose they are, for people. */
  readonly whose: string;
  readonly family: Family;
  /** A tensor of four dimensions that is there once: what stands before it is the prefix of all. */
  readonly anchor: string;
  readonly names: readonly Renaming[];
  /** What is known and of no use here. */
  readonly aside: readonly (readonly [pattern: string, what: string])[];
}
